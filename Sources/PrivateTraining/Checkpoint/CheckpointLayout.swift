import NeuralNetworks
import Planning

/// Where each tensor's values lie among all parameters, or among those that are trained.
struct CheckpointLayout {
  struct Place {
    let name: String
    let shape: [Int]
    let range: Range<Int>
  }

  /// In the network's parameter buffer.
  let all: [Place]
  /// Among the trained parameters, numbered one after another.
  let trained: [Place]

  init(_ network: Network, _ plan: TrainingPlan) {
    all = network.parameters.map { Place(name: $0.name, shape: $0.shape.dimensions, range: $0.range) }
    let isTrained = plan.isTrained
    var start = 0
    trained = network.parameters.filter { isTrained($0.name) }.map { slice in
      defer { start += slice.range.count }
      return Place(name: slice.name, shape: slice.shape.dimensions, range: start..<start + slice.range.count)
    }
  }

  func tensor(_ prefix: String, _ place: Place, of values: [Float]) -> Safetensors.Tensor {
    Safetensors.Tensor(name: "\(prefix).\(place.name)", shape: place.shape, values: Array(values[place.range]))
  }

  func values(_ prefix: String, _ places: [Place], in file: Safetensors) throws(CheckpointError) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(places.last?.range.upperBound ?? 0)
    for place in places {
      let name = "\(prefix).\(place.name)"
      guard let entry = file.entry(named: name) else { throw .tensors("“\(name)” is missing") }
      guard entry.shape == place.shape, let tensor = file.floats(name) else {
        throw .tensors("“\(name)” is \(entry.type.rawValue) \(entry.shape), not F32 \(place.shape)")
      }
      guard tensor.allSatisfy(\.isFinite) else { throw .tensors("“\(name)” holds a value that is not finite") }
      values += tensor
    }
    return values
  }
}
