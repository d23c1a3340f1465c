import API
import TestSupport
import Testing

/// Every golden row, asked as JSON.
@Suite struct GoldenTests {
  private static let answered: Set<String> = [
    "epsilon_rdp_poisson_gaussian", "epsilon_rdp_gaussian_full_batch", "delta_from_epsilon_rdp", "rdp_curve",
    "truth_rdp_curve", "zcdp", "dpsgd_statement", "truth_delta", "epsilon_laplace",
  ]

  static func rows() -> [GoldenRow] {
    do {
      return try GoldenRow.all().filter { answered.contains($0.kind) }
    } catch {
      Issue.record(error)
      return []
    }
  }

  @Test func theyAreThere() {
    #expect(Set(Self.rows().map(\.kind)) == Self.answered)
  }

  @Test(arguments: rows()) func holds(row: GoldenRow) throws {
    let api = try TestAPI()
    let examination = try GoldenExamination(row) { path, body in
      let response = api.router.handle(.calculator(path, body))
      guard case .bytes(let bytes) = response.body else { return (response.status, .null) }
      return (response.status, JSON(bytes))
    }
    #expect(examination.complaints.isEmpty, "\(examination.complaints.joined(separator: "\n"))")
    #expect(api.failures.all.isEmpty)
  }
}

extension APIRequest {
  fileprivate static func calculator(_ path: String, _ body: String) -> APIRequest {
    APIRequest(
      method: "POST", path: path, headers: ["content-type": "application/json"], body: Array(body.utf8))
  }
}
