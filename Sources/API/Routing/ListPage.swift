/// `?limit=&after=` of a list, and its answer `{data, has_more, next}`.
struct ListPage<Cursor> {
  static var largestLimit: Int { 1_000 }

  let limit: Int
  let after: Cursor?

  /// - Parameters:
  ///   - cursor: what `next` of the page before holds, read; nil where it is no such thing.
  init(_ query: QueryReader, mustBe words: String, cursor: (String) -> Cursor?) {
    limit =
      query.value("limit", mustBe: "a whole number from 1 to \(Self.largestLimit)") { text in
        Int(text).flatMap { (1...Self.largestLimit).contains($0) ? $0 : nil }
      } ?? 100
    after = query.value("after", mustBe: words, cursor)
  }

  /// - Parameter rows: `limit + 1` of them where more follow.
  func answer<Row>(_ rows: [Row], cursor: (Row) -> String, json: (Row) throws -> JSONValue) rethrows -> JSONValue {
    let shown = rows.prefix(limit)
    let hasMore = rows.count > limit
    return [
      "data": .array(try shown.map(json)),
      "has_more": .bool(hasMore),
      "next": hasMore ? JSONValue(shown.last.map(cursor)) : nil,
    ]
  }
}
