import GRDB
import Ledger

extension SQLiteTransaction {
  func entry(_ sequence: Int64) throws -> LedgerEntry? {
    try row("SELECT * FROM entries WHERE sequence = ?", [sequence], table: "entries").map(entry)
  }

  func lastEntry() throws -> LedgerEntry? {
    try row("SELECT * FROM entries ORDER BY sequence DESC LIMIT 1", [], table: "entries").map(entry)
  }

  func entries(of budget: BudgetID?, _ page: Page<Int64>) throws -> [LedgerEntry] {
    let after = page.after ?? 0
    guard let budget else {
      return try rows(
        "SELECT * FROM entries WHERE sequence > ? ORDER BY sequence LIMIT ?", [after, page.limit], table: "entries"
      ).map(entry)
    }
    return try rows(
      """
      SELECT entries.* FROM postings JOIN entries ON entries.sequence = postings.entry
      WHERE postings.budget = ? AND postings.entry > ? ORDER BY postings.entry LIMIT ?
      """, [budget.text, after, page.limit], table: "entries"
    ).map(entry)
  }

  func append(_ entry: LedgerEntry) throws {
    let content = entry.content
    try execute(
      """
      INSERT INTO entries (sequence, time, kind, budget, event, count, epsilon, job, reservation, detail,
        previous_hash, hash)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        entry.sequence, content.time.milliseconds, content.kind.rawValue, content.budget.text, content.event,
        content.count, content.epsilon, content.job?.text, content.reservation?.text, content.detail,
        entry.previousHash.data, entry.hash.data,
      ])
    for (position, posting) in content.postings.enumerated() {
      try execute(
        """
        INSERT INTO postings (entry, position, budget, spent, delta_spent, reserved, delta_reserved)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
        [
          entry.sequence, position, posting.budget.text, posting.spent.divergences.listText, posting.spent.delta,
          posting.reserved.divergences.listText, posting.reserved.delta,
        ])
    }
  }

  private func entry(_ row: RowReader) throws -> LedgerEntry {
    let sequence = try row.int64("sequence")
    let postings = try rows(
      "SELECT * FROM postings WHERE entry = ? ORDER BY position", [sequence], table: "postings of entry \(sequence)"
    ).map { posting in
      try Posting(
        budget: posting.identifier("budget"),
        spent: Spend(divergences: posting.int64List("spent"), delta: posting.int64("delta_spent")),
        reserved: Spend(divergences: posting.int64List("reserved"), delta: posting.int64("delta_reserved")))
    }
    let content = try LedgerEntry.Content(
      time: row.time("time"), kind: row.choice("kind"), budget: row.identifier("budget"),
      event: row.optionalText("event"), count: row.optionalInt("count"), epsilon: row.optionalDouble("epsilon"),
      job: row.optionalIdentifier("job"), reservation: row.optionalIdentifier("reservation"),
      detail: row.optionalText("detail"), postings: postings)
    return try LedgerEntry(
      sequence: sequence, content: content, previousHash: row.digest("previous_hash"), hash: row.digest("hash"))
  }

  func reservation(_ id: ReservationID) throws -> Reservation? {
    try row("SELECT * FROM reservations WHERE id = ?", [id.text], table: "reservations").map(reservation)
  }

  func reservations(_ page: Page<ReservationID>) throws -> [Reservation] {
    try rows(
      """
      SELECT * FROM reservations
      WHERE ?1 IS NULL OR position > (SELECT position FROM reservations WHERE id = ?1)
      ORDER BY position LIMIT ?2
      """, [page.after?.text, page.limit], table: "reservations"
    ).map(reservation)
  }

  func insert(_ reservation: Reservation) throws {
    try execute(
      """
      INSERT INTO reservations (id, budget, job, event, count, committed, state, epsilon, created, version)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        reservation.id.text, reservation.budget.text, reservation.job?.text, reservation.event, reservation.count,
        reservation.committed, reservation.state.rawValue, reservation.epsilon, reservation.created.milliseconds,
        reservation.version,
      ])
    for (position, cost) in reservation.amounts.enumerated() {
      try execute(
        "INSERT INTO reservation_amounts (reservation, position, budget, divergences, delta) VALUES (?, ?, ?, ?, ?)",
        [reservation.id.text, position, cost.budget.text, cost.amount.divergences.listText, cost.amount.delta])
    }
  }

  func update(_ reservation: Reservation) throws {
    try executeOnOneRow(
      "UPDATE reservations SET committed = ?, state = ?, version = ? WHERE id = ?",
      [reservation.committed, reservation.state.rawValue, reservation.version, reservation.id.text],
      of: "reservation \(reservation.id)")
  }

  private func reservation(_ row: RowReader) throws -> Reservation {
    let id: ReservationID = try row.identifier("id")
    let amounts = try rows(
      "SELECT * FROM reservation_amounts WHERE reservation = ? ORDER BY position", [id.text],
      table: "amounts of reservation \(id)"
    ).map { amount in
      try BudgetAmount(
        budget: amount.identifier("budget"),
        amount: Spend(divergences: amount.int64List("divergences"), delta: amount.int64("delta")))
    }
    return try Reservation(
      id: id, budget: row.identifier("budget"), job: row.optionalIdentifier("job"), event: row.text("event"),
      count: row.int("count"), committed: row.int("committed"), state: row.choice("state"), amounts: amounts,
      epsilon: row.double("epsilon"), created: row.time("created"), version: row.int64("version"))
  }
}
