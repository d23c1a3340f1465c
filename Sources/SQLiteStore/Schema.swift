import GRDB

/// The tables, as a list of steps that only ever grows: a released step is never edited, since ledgers out there have
/// already taken it. The number of steps taken is SQLite's `user_version`.
///
/// The schema refuses what must not exist, whoever writes: entries cannot change or go, what is spent cannot shrink,
/// limits cannot move, a dataset has one root.
enum Schema {
  /// Takes the steps that the file lacks, in one transaction, so that two processes may open a new file at once.
  static func migrate(_ database: Database) throws {
    try database.inTransaction(.immediate) {
      let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
      guard (0...steps.count).contains(version) else { throw UnknownVersion(version: version, known: steps.count) }
      for step in steps[version...] { try database.execute(sql: step) }
      try database.execute(sql: "PRAGMA user_version = \(steps.count)")
      return .commit
    }
  }

  struct UnknownVersion: Error {
    let version: Int
    let known: Int
  }

  private static let steps = [budgets, entries, reservations, datasets, jobs, records]

  /// Lists of numbers are decimal texts joined by commas: exact, and readable with any SQLite tool.
  private static let budgets = """
    CREATE TABLE budgets (
      position INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      dataset TEXT NOT NULL,
      epsilon REAL NOT NULL CHECK (epsilon > 0),
      delta REAL NOT NULL CHECK (delta > 0 AND delta < 1),
      relation TEXT NOT NULL CHECK (relation IN ('add_or_remove_one', 'replace_one', 'replace_special')),
      unit TEXT NOT NULL,
      parent TEXT REFERENCES budgets (id),
      delta_allowance INTEGER NOT NULL CHECK (delta_allowance >= 0),
      delta_spent INTEGER NOT NULL CHECK (delta_spent >= 0),
      delta_reserved INTEGER NOT NULL CHECK (delta_reserved >= 0),
      is_frozen INTEGER NOT NULL CHECK (is_frozen IN (0, 1)),
      created INTEGER NOT NULL,
      version INTEGER NOT NULL CHECK (version >= 1)
    ) STRICT;
    CREATE UNIQUE INDEX budgets_root ON budgets (dataset) WHERE parent IS NULL;
    CREATE TABLE budget_orders (
      budget TEXT NOT NULL REFERENCES budgets (id),
      position INTEGER NOT NULL CHECK (position >= 0),
      renyi_order REAL NOT NULL CHECK (renyi_order > 1),
      weight REAL NOT NULL CHECK (weight > 0 AND weight <= 1),
      allowance INTEGER NOT NULL CHECK (allowance >= 0),
      spent INTEGER NOT NULL CHECK (spent >= 0),
      reserved INTEGER NOT NULL CHECK (reserved >= 0),
      PRIMARY KEY (budget, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER budgets_fixed BEFORE UPDATE ON budgets
    WHEN NEW.id IS NOT OLD.id OR NEW.dataset IS NOT OLD.dataset OR NEW.epsilon IS NOT OLD.epsilon
      OR NEW.delta IS NOT OLD.delta OR NEW.relation IS NOT OLD.relation OR NEW.unit IS NOT OLD.unit
      OR NEW.parent IS NOT OLD.parent OR NEW.delta_allowance IS NOT OLD.delta_allowance
      OR NEW.created IS NOT OLD.created
    BEGIN SELECT RAISE(ABORT, 'the limits of a budget never change'); END;
    CREATE TRIGGER budgets_monotone BEFORE UPDATE ON budgets
    WHEN NEW.delta_spent < OLD.delta_spent OR NEW.version <= OLD.version
    BEGIN SELECT RAISE(ABORT, 'what is spent never shrinks'); END;
    CREATE TRIGGER budgets_kept BEFORE DELETE ON budgets
    BEGIN SELECT RAISE(ABORT, 'a budget is never deleted'); END;
    CREATE TRIGGER budget_orders_fixed BEFORE UPDATE ON budget_orders
    WHEN NEW.budget IS NOT OLD.budget OR NEW.position IS NOT OLD.position OR NEW.renyi_order IS NOT OLD.renyi_order
      OR NEW.weight IS NOT OLD.weight OR NEW.allowance IS NOT OLD.allowance
    BEGIN SELECT RAISE(ABORT, 'the filter of a budget never changes'); END;
    CREATE TRIGGER budget_orders_monotone BEFORE UPDATE ON budget_orders
    WHEN NEW.spent < OLD.spent
    BEGIN SELECT RAISE(ABORT, 'what is spent never shrinks'); END;
    CREATE TRIGGER budget_orders_kept BEFORE DELETE ON budget_orders
    BEGIN SELECT RAISE(ABORT, 'a budget is never deleted'); END;
    """

  private static let entries = """
    CREATE TABLE entries (
      sequence INTEGER PRIMARY KEY CHECK (sequence >= 1),
      time INTEGER NOT NULL,
      kind TEXT NOT NULL,
      budget TEXT NOT NULL REFERENCES budgets (id),
      event TEXT,
      count INTEGER CHECK (count >= 1),
      epsilon REAL CHECK (epsilon >= 0),
      job TEXT,
      reservation TEXT,
      detail TEXT,
      previous_hash BLOB NOT NULL UNIQUE CHECK (length(previous_hash) = 32),
      hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32)
    ) STRICT;
    CREATE TABLE postings (
      entry INTEGER NOT NULL REFERENCES entries (sequence),
      position INTEGER NOT NULL CHECK (position >= 0),
      budget TEXT NOT NULL REFERENCES budgets (id),
      spent TEXT NOT NULL,
      delta_spent INTEGER NOT NULL CHECK (delta_spent >= 0),
      reserved TEXT NOT NULL,
      delta_reserved INTEGER NOT NULL,
      PRIMARY KEY (entry, position)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX postings_of_budget ON postings (budget, entry);
    CREATE TRIGGER entries_unchanged BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
    CREATE TRIGGER entries_kept BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
    CREATE TRIGGER postings_unchanged BEFORE UPDATE ON postings
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
    CREATE TRIGGER postings_kept BEFORE DELETE ON postings
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
    """

  private static let reservations = """
    CREATE TABLE reservations (
      position INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      budget TEXT NOT NULL REFERENCES budgets (id),
      job TEXT UNIQUE,
      event TEXT NOT NULL,
      count INTEGER NOT NULL CHECK (count >= 1),
      committed INTEGER NOT NULL CHECK (committed BETWEEN 0 AND count),
      state TEXT NOT NULL CHECK (state IN ('open', 'committed', 'released')),
      epsilon REAL NOT NULL CHECK (epsilon >= 0),
      created INTEGER NOT NULL,
      version INTEGER NOT NULL CHECK (version >= 1),
      CHECK ((state = 'committed') = (committed = count))
    ) STRICT;
    CREATE TABLE reservation_amounts (
      reservation TEXT NOT NULL REFERENCES reservations (id),
      position INTEGER NOT NULL CHECK (position >= 0),
      budget TEXT NOT NULL REFERENCES budgets (id),
      divergences TEXT NOT NULL,
      delta INTEGER NOT NULL CHECK (delta >= 0),
      PRIMARY KEY (reservation, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER reservations_resolved BEFORE UPDATE ON reservations
    WHEN OLD.state <> 'open' OR NEW.committed < OLD.committed OR NEW.id IS NOT OLD.id OR NEW.budget IS NOT OLD.budget
      OR NEW.job IS NOT OLD.job OR NEW.event IS NOT OLD.event OR NEW.count IS NOT OLD.count
    BEGIN SELECT RAISE(ABORT, 'a reservation is resolved once'); END;
    CREATE TRIGGER reservations_kept BEFORE DELETE ON reservations
    BEGIN SELECT RAISE(ABORT, 'a reservation is never deleted'); END;
    CREATE TRIGGER reservation_amounts_unchanged BEFORE UPDATE ON reservation_amounts
    BEGIN SELECT RAISE(ABORT, 'what is held was fixed when it was reserved'); END;
    CREATE TRIGGER reservation_amounts_kept BEFORE DELETE ON reservation_amounts
    BEGIN SELECT RAISE(ABORT, 'a reservation is never deleted'); END;
    """

  private static let datasets = """
    CREATE TABLE datasets (
      position INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL UNIQUE,
      format TEXT NOT NULL,
      is_public INTEGER NOT NULL CHECK (is_public IN (0, 1)),
      unit TEXT NOT NULL,
      size INTEGER CHECK (size >= 1),
      digest BLOB CHECK (length(digest) = 32),
      description TEXT NOT NULL,
      created INTEGER NOT NULL,
      version INTEGER NOT NULL CHECK (version >= 1)
    ) STRICT;
    """

  private static let jobs = """
    CREATE TABLE jobs (
      position INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      budget TEXT REFERENCES budgets (id),
      reservation TEXT UNIQUE REFERENCES reservations (id),
      dataset TEXT NOT NULL REFERENCES datasets (name),
      specification TEXT NOT NULL,
      plan TEXT NOT NULL,
      steps INTEGER NOT NULL CHECK (steps >= 1),
      maximum_attempts INTEGER NOT NULL CHECK (maximum_attempts >= 1),
      time_limit INTEGER CHECK (time_limit >= 1),
      created INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'pausing', 'paused', 'cancelling',
        'succeeded', 'failed', 'cancelled', 'budget_stopped', 'timed_out')),
      state_reason TEXT,
      attempts INTEGER NOT NULL CHECK (attempts >= 0),
      losses INTEGER NOT NULL CHECK (losses >= 0),
      worker TEXT,
      lease_token INTEGER,
      lease_expires INTEGER,
      committed_step INTEGER NOT NULL CHECK (committed_step BETWEEN 0 AND steps),
      checkpoint BLOB CHECK (length(checkpoint) = 32),
      announced_step INTEGER NOT NULL CHECK (announced_step BETWEEN committed_step AND steps),
      samples_per_second REAL,
      eta_seconds REAL,
      profile TEXT,
      started INTEGER,
      ended INTEGER,
      updated INTEGER NOT NULL,
      version INTEGER NOT NULL CHECK (version >= 1),
      CHECK ((budget IS NULL) = (reservation IS NULL)),
      CHECK ((worker IS NULL) = (lease_token IS NULL) AND (worker IS NULL) = (lease_expires IS NULL)),
      CHECK ((state IN ('running', 'pausing', 'cancelling')) = (worker IS NOT NULL)),
      CHECK ((state IN ('succeeded', 'failed', 'cancelled', 'budget_stopped', 'timed_out')) = (ended IS NOT NULL))
    ) STRICT;
    CREATE INDEX jobs_by_state ON jobs (state, position);
    CREATE INDEX jobs_by_budget ON jobs (budget, position);
    CREATE INDEX jobs_by_lease ON jobs (lease_expires) WHERE lease_expires IS NOT NULL;
    CREATE TRIGGER jobs_ended BEFORE UPDATE ON jobs
    WHEN OLD.ended IS NOT NULL OR NEW.committed_step < OLD.committed_step OR NEW.version <= OLD.version
      OR NEW.reservation IS NOT OLD.reservation OR NEW.steps IS NOT OLD.steps
    BEGIN SELECT RAISE(ABORT, 'a job that ended stays so, and committed steps stay committed'); END;
    CREATE TABLE artifacts (
      job TEXT NOT NULL REFERENCES jobs (id),
      position INTEGER NOT NULL CHECK (position >= 0),
      name TEXT NOT NULL,
      byte_count INTEGER NOT NULL CHECK (byte_count >= 0),
      digest BLOB NOT NULL CHECK (length(digest) = 32),
      media_type TEXT NOT NULL,
      PRIMARY KEY (job, position),
      UNIQUE (job, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE job_events (
      job TEXT NOT NULL REFERENCES jobs (id),
      sequence INTEGER NOT NULL CHECK (sequence >= 1),
      time INTEGER NOT NULL,
      kind TEXT NOT NULL,
      data TEXT NOT NULL,
      PRIMARY KEY (job, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE job_metrics (
      job TEXT NOT NULL REFERENCES jobs (id),
      step INTEGER NOT NULL CHECK (step >= 0),
      epoch REAL NOT NULL CHECK (epoch >= 0),
      epsilon REAL CHECK (epsilon >= 0),
      accuracy REAL CHECK (accuracy BETWEEN 0 AND 1),
      loss REAL,
      PRIMARY KEY (job, step)
    ) STRICT, WITHOUT ROWID;
    """

  private static let records = """
    CREATE TABLE idempotency (
      scope TEXT NOT NULL,
      key TEXT NOT NULL,
      request_digest BLOB NOT NULL CHECK (length(request_digest) = 32),
      started INTEGER NOT NULL,
      status INTEGER,
      headers TEXT,
      body BLOB,
      PRIMARY KEY (scope, key),
      CHECK ((status IS NULL) = (body IS NULL) AND (status IS NULL) = (headers IS NULL))
    ) STRICT;
    CREATE TRIGGER idempotency_answered BEFORE DELETE ON idempotency
    WHEN OLD.status IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'an answer is kept for as long as the ledger lives'); END;
    CREATE TABLE tokens (
      position INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      role TEXT NOT NULL CHECK (role IN ('viewer', 'analyst', 'trainer', 'owner', 'auditor', 'admin')),
      secret_digest BLOB NOT NULL UNIQUE CHECK (length(secret_digest) = 32),
      created INTEGER NOT NULL,
      expires INTEGER,
      revoked INTEGER
    ) STRICT;
    CREATE TABLE health (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      beats INTEGER NOT NULL
    ) STRICT;
    INSERT INTO health (id, beats) VALUES (1, 0);
    """
}
