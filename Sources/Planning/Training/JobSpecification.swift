/// What a caller asks to be trained: the body of `POST /v1/jobs`, as it was written.
///
/// Decoding checks only the shape of the JSON. `TrainingPlan.init(_:dataset:evaluation:)` checks the meaning and reports
/// every mistake with a pointer into this body.
public struct JobSpecification: Codable, Hashable, Sendable {
  public var name: String
  /// Id of the budget that pays (`bud_…`). Nil is allowed only for a run without privacy on public data.
  public var budget: String?
  /// Reference of a registered dataset: `fashion-mnist/train`.
  public var dataset: String
  public var model: ModelSpecification
  public var training: TrainingSpecification
  public var privacy: PrivacySpecification
  /// The public set on which accuracy and loss are measured. Without it a job reports progress and ε only.
  public var evaluation: EvaluationSpecification?

  public init(
    name: String, budget: String?, dataset: String, model: ModelSpecification, training: TrainingSpecification,
    privacy: PrivacySpecification, evaluation: EvaluationSpecification? = nil
  ) {
    self.name = name
    self.budget = budget
    self.dataset = dataset
    self.model = model
    self.training = training
    self.privacy = privacy
    self.evaluation = evaluation
  }
}
