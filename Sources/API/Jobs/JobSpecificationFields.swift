import Planning

/// Reads the body of `POST /v1/jobs`. Shapes and types are checked here; what the values mean together is checked by
/// `TrainingPlan`, whose issues carry the same pointers.
struct JobSpecificationFields {
  let errors: FieldErrors

  init(errors: FieldErrors) {
    self.errors = errors
  }

  /// nil where an error was noted.
  func read(_ body: JSONNode) -> JobSpecification? {
    guard let fields = FieldReader(body, errors: errors) else { return nil }
    let name = fields.text("name")
    let budget = fields.optionalText("budget")
    let dataset = fields.text("dataset")
    let model = fields.object("model").flatMap { ModelSpecification(fields: RequestFields($0)) }
    let training = training(fields, model)
    let privacy = fields.object("privacy").flatMap(privacy)
    let evaluation = fields.optionalObject("evaluation").flatMap(evaluation)
    fields.finish()
    guard errors.isEmpty, let name, let dataset, let model, let training, let privacy else { return nil }
    return JobSpecification(
      name: name, budget: budget, dataset: dataset, model: model, training: training, privacy: privacy,
      evaluation: evaluation)
  }

  /// Some presets know how they are best trained; other models have to be told.
  private func training(_ fields: FieldReader, _ model: ModelSpecification?) -> TrainingSpecification? {
    if !fields.has("training"), case .preset(let preset) = model?.network, let training = preset.recommendedTraining {
      return training
    }
    return fields.object("training").flatMap { TrainingSpecification(fields: RequestFields($0)) }
  }

  private func privacy(_ fields: FieldReader) -> PrivacySpecification? {
    let isPrivate = fields.optionalFlag("private")
    let noiseMultiplier = fields.optionalNumber("noise_multiplier", .above(0))
    let targetEpsilon = fields.optionalNumber("target_epsilon", .above(0))
    let delta = fields.optionalNumber("delta", .above(0, below: 1))
    let adjacency = fields.optionalChoice("adjacency", choices(Adjacency.self))
    fields.finish()
    return PrivacySpecification(
      noiseMultiplier: noiseMultiplier, targetEpsilon: targetEpsilon, delta: delta, isPrivate: isPrivate ?? true,
      adjacency: adjacency ?? .addOrRemoveOne)
  }

  private func evaluation(_ fields: FieldReader) -> EvaluationSpecification? {
    let dataset = fields.text("dataset")
    fields.finish()
    return dataset.map { EvaluationSpecification(dataset: $0) }
  }
}

/// The words of an enumeration, for `FieldReader.optionalChoice`.
func choices<Value: RawRepresentable<String> & CaseIterable>(_ type: Value.Type) -> [(word: String, value: Value)] {
  type.allCases.map { ($0.rawValue, $0) }
}
