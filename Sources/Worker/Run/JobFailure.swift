import Ledger

/// Why a job ends as failed. The code is public and says nothing that depends on private data; `detail` is for the
/// operator's log.
struct JobFailure: Error {
  enum Reason: String {
    /// What is stored of the job does not make a plan, or not the one that was paid for.
    case planInvalid = "plan_invalid"
    case datasetUnavailable = "dataset_unavailable"
    case datasetInvalid = "dataset_invalid"
    /// A file is not what it was when the dataset was registered.
    case datasetChanged = "dataset_changed"
    case evaluationUnavailable = "evaluation_unavailable"
    /// Fewer bytes of memory than the plan's shapes need.
    case outOfMemory = "out_of_memory"
    /// The checkpoint of the committed steps is gone or does not match its digest.
    case checkpointLost = "checkpoint_lost"
    /// A parameter overflowed: the learning rate is too high, or the noise.
    case diverged
    case trainingFailed = "training_failed"
  }

  /// Up to where steps must be counted as run.
  enum Charge {
    /// Nothing private was read in this attempt: what was not committed is released.
    case committedSteps
    /// Steps that were announced may have begun.
    case announcedSteps
    /// Reading the data failed, which says something about the data that no event accounts for: nothing is released.
    case wholeReservation
  }

  let reason: Reason
  let charge: Charge
  let detail: String
}
