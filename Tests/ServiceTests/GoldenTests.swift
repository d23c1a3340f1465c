import TestSupport
import Testing

/// The reference rows over a socket: some of each kind. All of them are put to the router, without sockets, by its own tests.
@Suite struct GoldenTests {
  private static let rowsOfEachKind = 3

  @Test func rowsOfEveryKindHoldOverHTTP() async throws {
    let answered: Set = [
      "epsilon_rdp_poisson_gaussian", "epsilon_rdp_gaussian_full_batch", "delta_from_epsilon_rdp", "rdp_curve",
      "truth_rdp_curve", "zcdp", "dpsgd_statement", "truth_delta", "epsilon_laplace",
    ]
    let kinds = Dictionary(grouping: try GoldenRow.all(), by: \.kind).filter { answered.contains($0.key) }
    let rows = kinds.sorted { $0.key < $1.key }.flatMap { $0.value.prefix(Self.rowsOfEachKind) }
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
