import API
import TestSupport
import Testing

/// Every golden row, asked as JSON.
@Suite struct GoldenTests {
  static func rows() -> [GoldenRow] {
    do {
      return try GoldenRow.all()
    } catch {
      Issue.record(error)
      return []
    }
  }

  @Test func theyAreThere() {
    #expect(Self.rows().count == 167)
    #expect(Set(Self.rows().map(\.kind)).count >= 21)
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
