import Ledger
import LedgerTesting
import Testing

/// The rules as tables: a line a command, with the outcome it must have.
@Suite struct RuleTableTests {
  @Test func budgets() throws {
    try expect(
      """
      dataset fmnist private => ok
      dataset fmnist private => already_exists
      dataset people private user => ok
      budget root fmnist 3 1e-5 => ok
      # a dataset has one root
      budget other fmnist 1 1e-5 => already_exists
      # whose people are not counted a second time as a part of it, nor a part's as the whole's
      budget part fmnist/train 1 1e-5 => already_exists
      budget deep fmnist/train/a 1 1e-5 => already_exists
      budget apart fmnist2 1 1e-5 => ok
      budget first digits/train 1 1e-5 => ok
      budget second digits/other 1 1e-5 => ok
      budget whole digits 1 1e-5 => already_exists
      budget team fmnist 1 1e-6 root => ok
      budget analyst fmnist 0.5 1e-6 team => ok
      # never mixed within a tree
      budget odd free 1 1e-6 root => invalid dataset
      budget odd fmnist 1 1e-6 root replace_one => invalid adjacency
      budget odd fmnist 1 1e-6 root add_or_remove_one user => invalid unit
      budget odd people 1 1e-6 => invalid unit
      # out of domain
      budget odd free 0 1e-5 => invalid epsilon
      budget odd free -1 1e-5 => invalid epsilon
      budget odd free nan 1e-5 => invalid epsilon
      budget odd free inf 1e-5 => invalid epsilon
      budget odd free 1001 1e-5 => invalid epsilon
      budget odd free 1 0 => invalid delta
      budget odd free 1 1 => invalid delta
      budget odd free 1 nan => invalid delta
      rename team group 1 => ok
      rename team again 1 => version_mismatch
      rename team again 2 => ok
      """)
  }

  @Test func charges() throws {
    try expect(
      """
      budget root fmnist 3 1e-5 => ok
      budget team fmnist 1 1e-5 root => ok
      charge nowhere gaussian:10 1 => not_found
      charge team gaussian:10 1 => ok
      charge team gaussian:10 100 => budget_exceeded
      charge root gaussian:10 20 => ok
      # the quota has room, the root has none
      charge root gaussian:10 20 => budget_exceeded
      charge root gaussian:10 18 => ok
      charge team gaussian:10 1 => budget_exceeded
      charge team nothing 5 => ok
      charge root gaussian:10 0 => invalid count
      charge root gaussian:10 -1 => invalid count
      charge root nonprivate 1 => budget_exceeded
      charge root gaussian:1e-3 1 => budget_exceeded
      charge root gaussian:1e-200 1099511627776 => budget_exceeded
      freeze root => ok
      charge root nothing 1 => state_conflict
      charge team nothing 1 => state_conflict
      thaw root => ok
      charge team nothing 1 => ok
      """)
  }

  @Test func blackBoxes() throws {
    // A tenth of δ is set aside for black boxes: 1e-6 of 1e-5, less the last unit.
    try expect(
      """
      budget root fmnist 3 1e-5 => ok
      charge root blackbox:0.1:1e-5 1 => budget_exceeded
      charge root blackbox:0.1:4e-7 1 => ok
      charge root blackbox:0.1:4e-7 1 => ok
      charge root blackbox:0.1:4e-7 1 => budget_exceeded
      charge root blackbox:0.1:1.9e-7 1 => ok
      charge root blackbox:0.1:1e-10 200 => budget_exceeded
      charge root gaussian:20 1 => ok
      charge root blackbox:0.1:1 1 => budget_exceeded
      """)
  }

  @Test func reservations() throws {
    try expect(
      """
      budget root fmnist 3 1e-5 => ok
      reserve a root gaussian:10 20 => ok
      # what is held counts at once
      reserve b root gaussian:10 20 => budget_exceeded
      commit a 0 => invalid steps
      commit a 21 => invalid steps
      commit a 7 => ok
      commit a 7 => nothing
      commit a 3 => nothing
      commit a 8 => ok
      release a => ok
      release a => nothing
      commit a 8 => nothing
      commit a 9 => state_conflict
      reserve b root gaussian:10 20 => ok
      freeze root => ok
      reserve c root gaussian:10 1 => state_conflict
      # what ran must be charged, frozen or not
      commit b 20 => ok
      commit b 20 => nothing
      release b => nothing
      thaw root => ok
      """)
  }

  @Test func jobsFromSubmissionToSuccess() throws {
    try expect(
      """
      dataset fmnist private => ok
      dataset open public => ok
      budget root fmnist 3 1e-5 => ok
      submit lost nowhere 10 root dpsgd:0.01:1.1 => not_found
      submit plain fmnist 10 => invalid privacy
      submit wrong open 10 root dpsgd:0.01:1.1 => invalid budget
      submit huge fmnist 10 root gaussian:0.5 => budget_exceeded
      submit a fmnist 10 root dpsgd:0.01:1.1 => ok
      submit b open 5 => ok
      state a => queued
      claim w => a 1
      claim v => b 1
      claim u => none
      metric a 1 2 0.5 => invalid step
      block a 1 4 => running
      metric a 1 4 0.5 => ok
      metric a 1 4 1.5 => invalid metric
      metric a 1 5 0.5 => invalid step
      # a retry of the same block is harmless, an older one is not taken
      block a 1 4 => running
      block a 1 3 => invalid step
      block a 1 11 => invalid step
      finish a 1 10 succeeded => invalid step
      block a 1 10 => running
      beat a 2 => lease_lost
      finish a 1 10 succeeded => succeeded
      beat a 1 => lease_lost
      cancel a => state_conflict
      finish b 1 2 out_of_memory => failed
      reason b => out_of_memory
      """)
  }

  @Test func cancelPauseAndResume() throws {
    try expect(
      """
      dataset fmnist private => ok
      budget root fmnist 3 1e-5 => ok
      submit a fmnist 10 root gaussian:10 => ok
      pause a => paused
      pause a => paused
      claim w => none
      resume a => queued
      resume a => queued
      claim w => a 1
      pause a => pausing
      beat a 1 => pausing
      resume a => running
      pause a => pausing
      block a 1 3 => pausing
      park a 1 => paused
      beat a 1 => lease_lost
      resume a => queued
      claim v => a 2
      block a 1 4 => lease_lost
      block a 2 4 => running
      cancel a => cancelling
      cancel a => cancelling
      pause a => state_conflict
      resume a => state_conflict
      # two more steps ran: they are charged, the other four go back
      finish a 2 6 cancelled => cancelled
      cancel a => cancelled
      room root gaussian:10 => 33
      submit b fmnist 33 root gaussian:10 => ok
      cancel b => cancelled
      room root gaussian:10 => 33
      """)
  }

  /// A worker acts on what it last read; its user may have changed their mind since.
  @Test func aWorkerLeavesAsTheJobIsWantedByNow() throws {
    try expect(
      """
      dataset fmnist private => ok
      budget root fmnist 3 1e-5 => ok
      submit a fmnist 10 root gaussian:10 => ok
      claim w => a 1
      pause a => pausing
      resume a => running
      park a 1 => queued
      claim w => a 2
      pause a => pausing
      return a 2 => paused
      resume a => queued
      claim w => a 3
      block a 3 4 => running
      pause a => pausing
      cancel a => cancelling
      park a 3 => cancelled
      room root gaussian:10 => 35
      submit b fmnist 10 root gaussian:10 => ok
      claim w => b 1
      # nobody asked for it
      finish b 1 0 cancelled => state_conflict
      finish b 1 0 timed_out => timed_out
      room root gaussian:10 => 35
      """)
  }

  @Test func lostLeases() throws {
    try expect(
      """
      dataset fmnist private => ok
      budget root fmnist 3 1e-5 => ok
      room root gaussian:10 => 39
      submit a fmnist 10 root gaussian:10 => ok
      claim w => a 1
      block a 1 3 => running
      beat a 1 5 => running
      at 9 => ok
      claim v => none
      at 10 => ok
      # the first worker is gone: the job goes on from its committed step, with another token
      claim v => a 2
      block a 1 4 => lease_lost
      finish a 1 4 cancelled => lease_lost
      block a 2 4 => running
      return a 2 => queued
      claim v => a 3
      beat a 3 7 => running
      beat a 3 11 => invalid announced_step
      at 20 => ok
      # a block was committed since the first loss, so this one does not end the job
      claim u => a 4
      beat a 4 7 => running
      at 30 => ok
      # lost too often without a commit: the seven steps that may have run are charged
      claim u => none
      state a => failed
      reason a => worker_lost
      room root gaussian:10 => 32
      """)
  }

  /// Whoever cancels a job whose worker was lost pays for the steps that may have begun, as if the loss had ended it.
  @Test func cancellingAfterALoss() throws {
    try expect(
      """
      dataset fmnist private => ok
      budget root fmnist 3 1e-5 => ok
      room root gaussian:10 => 39
      submit a fmnist 10 root gaussian:10 => ok
      claim w => a 1
      block a 1 3 => running
      beat a 1 5 => running
      pause a => pausing
      at 10 => ok
      claim v => none
      state a => paused
      cancel a => cancelled
      room root gaussian:10 => 34
      # a worker that leaves in good order says that no more than the committed steps has run
      submit b fmnist 10 root gaussian:10 => ok
      claim w => b 1
      block b 1 3 => running
      beat b 1 5 => running
      return b 1 => queued
      cancel b => cancelled
      room root gaussian:10 => 31
      """)
  }

  private func expect(_ script: String) throws {
    var runner = LedgerScript(store: MemoryStore())
    let failures = try runner.failures(of: script)
    #expect(failures == [])
  }
}
