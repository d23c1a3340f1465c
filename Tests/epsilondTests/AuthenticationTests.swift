import Foundation
import TestSupport
import Testing

@Suite struct AuthenticationTests {
  private static let budget = #"""
    {"name": "b", "dataset": "d", "epsilon": 1, "delta": 1e-5, "adjacency": "add_or_remove_one", "unit": "example"}
    """#

  @Test func tokensOpenWhatTheirRolesAllow() async throws {
    try await withInstallation { installation in
      let server = try installation.start(authenticated: true, workers: 0)
      let client = try server.client()
      func bearer(_ secret: String) -> [(String, String)] { [("Authorization", "Bearer \(secret)")] }
      func makeToken(_ role: String) throws -> String {
        let result = try Program.run(
          "token", "create", "--data-dir", installation.path, "--role", role, "--name", "of \(role)")
        #expect(result.status == 0, "\(result.errors)")
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
      }

      // Made while the server runs, and known to it at once.
      let (viewer, owner) = (try makeToken("viewer"), try makeToken("owner"))
      let bare = try client.get("/v1/budgets")
      #expect(bare.status == 401 && bare.json["code"].string == "unauthorized")
      #expect(bare["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
      #expect(try client.get("/v1/budgets", bearer(viewer + "0")).status == 401)
      #expect(try client.get("/v1/budgets", bearer(viewer)).status == 200)
      let refused = try client.post("/v1/budgets", Self.budget, bearer(viewer))
      #expect(refused.status == 403 && refused.json["code"].string == "policy_denied")
      #expect(try client.post("/v1/budgets", Self.budget, bearer(owner)).status != 403)

      let list = try Program.run("token", "list", "--data-dir", installation.path)
      #expect(list.status == 0 && list.output.contains("\tviewer\tvalid\tof viewer\n"), "\(list.output)")
      #expect(!list.output.contains(viewer) && !list.output.contains(owner))
      let id = try #require(
        list.output.split(separator: "\n").first { $0.contains("\tviewer\t") }?.prefix { $0 != "\t" })
      #expect(try Program.run("token", "revoke", "--data-dir", installation.path, String(id)).status == 0)
      #expect(try client.get("/v1/budgets", bearer(viewer)).status == 401)
      #expect(try Program.run("token", "list", "--data-dir", installation.path).output.contains("\tviewer\trevoked\t"))
    }
  }

  @Test func withoutAuthenticationOnlyLoopbackIsServed() async throws {
    try await withInstallation { installation in
      for host in ["0.0.0.0", "::"] {
        let result = try Program.run(
          "serve", "--host", host, "--port", "0", "--no-auth", "--data-dir", installation.path)
        #expect(result.status != 0 && result.output.isEmpty)
        #expect(result.errors == "Error: --no-auth is for loopback; others can reach \(host): create tokens instead\n")
      }
    }
  }
}
