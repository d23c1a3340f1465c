/// How long, on how much data at once, and with which update rule.
public struct TrainingSpecification: FieldRecord, Hashable, Sendable {
  /// Expected examples a step, in 1 ... dataset size. Divided by the dataset's registered size it is the sampling
  /// probability; it is also the public constant that the noisy sum is divided by.
  public var batchSize: Int
  /// Expected passes over the data, > 0; `steps = ceil(epochs / q)`. Exactly one of `epochs` and `steps` is given.
  public var epochs: Double?
  /// Noisy updates, ≥ 1.
  public var steps: Int?
  public var optimizer: OptimizerSpecification
  /// How the learning rate changes over the run.
  public var schedule: ScheduleSpecification
  /// In (0, 1): the model that is published is an exponential moving average of the weights. Nil publishes the last ones.
  public var averageDecay: Double?
  /// Required for a private run; absent for one without privacy.
  public var clipping: ClippingSpecification?
  /// Examples of an expected microbatch, ≥ 1, whose mean gradient is clipped as if it were one example's. 1 clips each
  /// example's own.
  public var microbatchSize: Int
  public var method: TrainingMethod

  public init(
    batchSize: Int, epochs: Double? = nil, steps: Int? = nil, optimizer: OptimizerSpecification,
    schedule: ScheduleSpecification = .constant, averageDecay: Double? = nil, clipping: ClippingSpecification? = nil,
    microbatchSize: Int = 1, method: TrainingMethod = .auto
  ) {
    self.batchSize = batchSize
    self.epochs = epochs
    self.steps = steps
    self.optimizer = optimizer
    self.schedule = schedule
    self.averageDecay = averageDecay
    self.clipping = clipping
    self.microbatchSize = microbatchSize
    self.method = method
  }

  public init?(fields: some FieldSource) {
    let batchSize = fields.integer("batch_size")
    epochs = fields.optionalNumber("epochs")
    steps = fields.optionalInteger("steps")
    let optimizer = fields.object("optimizer").flatMap { OptimizerSpecification(fields: $0) }
    let schedule = fields.optionalObject("schedule").map { ScheduleSpecification(fields: $0) }
    averageDecay = fields.optionalNumber("ema_decay")
    let clipping = fields.optionalObject("clipping").map { ClippingSpecification(fields: $0) }
    microbatchSize = fields.optionalInteger("microbatch_size") ?? 1
    method = fields.optionalChoice("method") ?? .auto
    fields.finish()
    guard let batchSize, let optimizer else { return nil }
    self.batchSize = batchSize
    self.optimizer = optimizer
    self.schedule = (schedule ?? .constant) ?? .constant
    self.clipping = clipping ?? nil
  }

  public var members: [FieldMember] {
    var members = [FieldMember("batch_size", .integer(batchSize))]
    if let epochs { members.append(FieldMember("epochs", .number(epochs))) }
    if let steps { members.append(FieldMember("steps", .integer(steps))) }
    members.append(FieldMember("optimizer", .object(optimizer.members)))
    if schedule != .constant { members.append(FieldMember("schedule", .object(schedule.members))) }
    if let averageDecay { members.append(FieldMember("ema_decay", .number(averageDecay))) }
    if let clipping { members.append(FieldMember("clipping", .object(clipping.members))) }
    if microbatchSize != 1 { members.append(FieldMember("microbatch_size", .integer(microbatchSize))) }
    if method != .auto { members.append(FieldMember("method", .text(method.rawValue))) }
    return members
  }
}

/// How per-example gradients are clipped and summed. The result is the same up to rounding; time and memory are not. All but
/// the first are there to be compared with.
public enum TrainingMethod: String, Codable, Hashable, Sendable, CaseIterable {
  /// One backward pass, and for each layer whichever of the ways below was fastest in a trial on synthetic values.
  case auto
  /// Every example's gradient of every layer is formed and kept, as Opacus and BackPACK do.
  case instantiate
  /// Norms from activations and output gradients, then a second backward pass with reweighted losses (Li et al. 2022,
  /// arXiv:2110.05679, §4).
  case ghost
  /// As `ghost`, with the norm of a layer from formed gradients where that takes less memory (Bu et al. 2022,
  /// arXiv:2205.10683).
  case mixedGhost = "mixed_ghost"
  /// Ghost norms and one backward pass (Bu et al. 2023, arXiv:2210.00038).
  case bookKeeping = "book_keeping"
}
