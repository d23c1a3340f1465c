import Datasets
import NeuralNetworks
import Planning
import PrivateTraining

/// Loads the examples of a job, and says of a failure whether anything private had been read by then.
struct DataAccess {
  let loader: DatasetLoader

  /// Checks what can be checked without looking at an example: that the files are there, that the headers of arrays
  /// say what was registered, and that the content is the registered snapshot (whoever may ask already knows whether
  /// the files were edited: no example has a part in that answer).
  ///
  /// - Throws: `JobFailure` with `reason`; nothing is charged.
  func check(_ data: JobPreparation.RegisteredData, reason: JobFailure.Reason) throws {
    let registration = data.registration
    do {
      try loader.requirePresent(registration.source)
      if let registered = data.digest, try loader.digest(registration.source) != registered.bytes {
        throw JobFailure(
          reason: .datasetChanged, charge: .committedSteps,
          detail: "\(data.name): the files are not what was registered; register them under a new name")
      }
      guard registration.source.format != .csv else { return }
      let found = try loader.describe(registration.source)
      try Self.requireMatch(found.exampleCount, found.shape, data)
    } catch let error as DatasetError {
      throw JobFailure(reason: reason, charge: .committedSteps, detail: "\(error)")
    }
  }

  /// Reads the public evaluation set.
  ///
  /// - Throws: `JobFailure`; nothing is charged.
  func loadPublic(_ data: JobPreparation.RegisteredData) throws -> Examples {
    do {
      return try load(data)
    } catch let error as DatasetError {
      throw JobFailure(reason: .evaluationUnavailable, charge: .committedSteps, detail: "\(error)")
    }
  }

  /// Reads the training set.
  ///
  /// - Throws: `JobFailure`. Where the data is private its failure is an answer about it, and is charged as such.
  func loadTraining(_ data: JobPreparation.RegisteredData) throws -> Examples {
    do {
      return try load(data)
    } catch let error as DatasetError {
      let charge: JobFailure.Charge = data.facts.isPublic ? .committedSteps : .wholeReservation
      throw JobFailure(reason: .datasetInvalid, charge: charge, detail: "\(error)")
    }
  }

  /// Reads the weights to begin with, before any example: nothing is charged where they do not fit.
  ///
  /// - Throws: `JobFailure` with `planInvalid`.
  func loadWeights(_ plan: TrainingPlan) throws -> Safetensors? {
    guard let path = plan.initialWeights else { return nil }
    func failure(_ detail: String) -> JobFailure {
      JobFailure(reason: .planInvalid, charge: .committedSteps, detail: "initial weights \(path): \(detail)")
    }
    do {
      let weights = try Safetensors(path: loader.folders.resolve(path))
      _ = try Network(plan.architecture).parameters(from: weights)
      return weights
    } catch let error as DatasetError {
      throw failure("\(error)")
    } catch let error as SafetensorsError {
      throw failure("\(error)")
    } catch let error as NetworkError {
      throw failure("\(error)")
    }
  }

  private func load(_ data: JobPreparation.RegisteredData) throws -> Examples {
    let examples = try loader.load(data.registration.source)
    try Self.requireMatch(examples.count, examples.shape, data)
    return examples
  }

  private static func requireMatch(_ count: Int, _ shape: [Int], _ data: JobPreparation.RegisteredData) throws {
    guard count == data.facts.exampleCount, shape == data.registration.shape else {
      throw DatasetError(
        .inconsistent, file: data.registration.source.features,
        "\(count) examples of shape \(shape), and \(data.facts.exampleCount) of \(data.registration.shape) are "
          + "registered.")
    }
  }
}
