extension Job {
  /// Where a job stands.
  ///
  /// ```
  /// queued ──claim──► running ──pause──► pausing ──stopped──► paused ──resume──► queued
  ///    ▲                 │ └──cancel──┐     └──cancel──┐         └──cancel──► cancelled
  ///    └── lease lost ───┘            └► cancelling ◄──┘
  /// ```
  ///
  /// A queued job is paused or cancelled at once. A job that is worked on may end in any way but `cancelled`, which
  /// follows `cancelling` only.
  public enum State: String, Hashable, Sendable, CaseIterable {
    case queued, running, pausing, paused, cancelling
    case succeeded, failed, cancelled
    case budgetStopped = "budget_stopped"
    case timedOut = "timed_out"

    /// Whether nothing can change any more.
    public var isEnded: Bool {
      switch self {
      case .queued, .running, .pausing, .paused, .cancelling: false
      case .succeeded, .failed, .cancelled, .budgetStopped, .timedOut: true
      }
    }

    /// Whether a worker holds the job in this state.
    public var isWorked: Bool {
      switch self {
      case .running, .pausing, .cancelling: true
      case .queued, .paused, .succeeded, .failed, .cancelled, .budgetStopped, .timedOut: false
      }
    }

    /// The transition table: every state that may follow this one.
    public var successors: Set<State> {
      switch self {
      case .queued: [.running, .paused, .cancelled]
      case .running: [.queued, .pausing, .cancelling, .succeeded, .failed, .budgetStopped, .timedOut]
      case .pausing: [.queued, .paused, .running, .cancelling, .succeeded, .failed, .budgetStopped, .timedOut]
      case .paused: [.queued, .cancelled]
      case .cancelling: [.cancelled, .succeeded, .failed, .budgetStopped, .timedOut]
      case .succeeded, .failed, .cancelled, .budgetStopped, .timedOut: []
      }
    }
  }
}
