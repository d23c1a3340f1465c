import TestSupport
import Testing

/// The reference rows over a socket: two of each kind. All of them are put to the router, without sockets, by its own tests.
@Suite struct GoldenTests {
  private static let rowsOfEachKind = 2

  @Test func rowsOfEveryKindHoldOverHTTP() async throws {
    let kinds = Dictionary(grouping: try GoldenRow.all(), by: \.kind)
    // The second and the third of a kind: which rows wait for a finer mesh is the router's tests' business.
    let rows = kinds.sorted { $0.key < $1.key }.flatMap {
      $0.value.dropFirst($0.value.count > 2 ? 1 : 0).prefix(Self.rowsOfEachKind)
    }
    try await withService { live in
      let client = try live.client()
      for row in rows {
        let examination = try GoldenExamination(row) { path, body in
          let response = try client.post(path, body)
          return (response.status, response.json)
        }
        #expect(examination.complaints.isEmpty, "\(examination.complaints.joined(separator: "\n"))")
      }
    }
  }
}
