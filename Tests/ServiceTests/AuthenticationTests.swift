import API
import Foundation
import HTTPServer
import Ledger
import Service
import TestSupport
import Testing

@Suite struct AuthenticationTests {
  // Rows are routes, columns are roles; `+` may, `-` is 403. The table stands on its own: it is what the roles mean, not what
  // the code says they mean. An admin may do everything.
  private static let table = """
    route                                     viewer analyst trainer owner auditor
    GET   /v1/budgets                         +      +       +       +     +
    POST  /v1/budgets                         -      -       -       +     -
    GET   /v1/budgets/bud_a                   +      +       +       +     +
    PATCH /v1/budgets/bud_a                   -      -       -       +     -
    POST  /v1/budgets/bud_a/preview           -      +       +       +     +
    POST  /v1/budgets/bud_a/charges           -      -       +       +     -
    POST  /v1/budgets/bud_a/reservations      -      -       +       +     -
    GET   /v1/reservations/res_a              +      +       +       +     +
    POST  /v1/reservations/res_a/commit       -      -       +       +     -
    POST  /v1/reservations/res_a/release      -      -       +       +     -
    GET   /v1/budgets/bud_a/ledger            -      -       -       +     +
    GET   /v1/budgets/bud_a/jobs              +      +       +       +     +
    GET   /v1/datasets                        +      +       +       +     +
    POST  /v1/datasets                        -      -       -       +     -
    GET   /v1/datasets/dat_a                  +      +       +       +     +
    GET   /v1/presets                         +      +       +       +     +
    GET   /v1/jobs                            +      +       +       +     +
    POST  /v1/jobs                            -      -       +       +     -
    GET   /v1/jobs/job_a                      +      +       +       +     +
    POST  /v1/jobs/job_a/cancel               -      -       +       +     -
    POST  /v1/jobs/job_a/pause                -      -       +       +     -
    POST  /v1/jobs/job_a/resume               -      -       +       +     -
    GET   /v1/jobs/job_a/events               +      +       +       +     +
    GET   /v1/jobs/job_a/artifacts            +      +       +       +     +
    GET   /v1/jobs/job_a/artifacts/model.json +      +       +       +     +
    """

  @Test func everyRouteAsksForItsRole() async throws {
    let lines = Self.table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    let roles = lines[0].dropFirst().compactMap(APIToken.Role.init)
    #expect(roles.count == 5)
    try await withService(authentication: true) { live in
      let client = try live.client()
      var secrets: [APIToken.Role: String] = [:]
      for role in APIToken.Role.allCases { secrets[role] = try live.makeToken(role) }
      for line in lines.dropFirst() {
        let (method, path) = (line[0], line[1])
        for (role, mark) in zip(roles, line.dropFirst(2)) {
          let status = try status(client, method, path, secrets[role])
          #expect((status == 403) == (mark == "-"), "\(method) \(path) as \(role): \(status)")
          #expect(status != 401 && status < 500, "\(method) \(path) as \(role): \(status)")
        }
        let asAdmin = try status(client, method, path, secrets[.admin])
        #expect(asAdmin != 401 && asAdmin != 403, "\(method) \(path) as admin: \(asAdmin)")
        #expect(try status(client, method, path, nil) == 401, "\(method) \(path) without a token")
      }
    }
    let listed = Set(lines.dropFirst().map { "\($0[0]) \(Self.template($0[1]))" })
    let guarded = Route.all.filter { $0.access != .open && $0.access != .calculate }.map { "\($0.method) \($0.path)" }
    #expect(listed == Set(guarded), "the table must have every route that asks for a token")
  }

  private static func template(_ path: String) -> String {
    path.split(separator: "/").map { segment in
      segment.contains("_a") ? "{id}" : segment == "model.json" ? "{name}" : String(segment)
    }.reduce("") { $0 + "/" + $1 }
  }

  private func status(_ client: TestClient, _ method: String, _ path: String, _ secret: String?) throws -> Int {
    let headers = secret.map { [("Authorization", "Bearer \($0)")] } ?? []
    return try client.send(method, path, headers, body: method == "GET" ? nil : Array("{}".utf8)).status
  }

  @Test func whatIsNoValidTokenIsRefusedWithAChallenge() async throws {
    try await withService(authentication: true) { live in
      let client = try live.client()
      let good = try live.makeToken(.viewer)
      let revoked = try live.makeToken(.admin, isRevoked: true)
      let expired = try live.makeToken(.admin, expires: Timestamp(milliseconds: 1))
      for field in [
        "Bearer", "Bearer ", "Bearer x", "Basic \(good)", good, "Bearer \(good)x", "Bearer \(good) x",
        "Bearer \(revoked)",
        "Bearer \(expired)", "Bearer " + String(repeating: "a", count: 4_000),
      ] {
        let response = try client.get("/v1/budgets", [("Authorization", field)])
        #expect(response.status == 401, "\(field.prefix(40))")
        #expect(response.json["code"].string == "unauthorized")
        #expect(response["WWW-Authenticate"]?.hasPrefix("Bearer realm=\"epsilond\"") == true)
      }
      let twice = [("Authorization", "Bearer \(good)"), ("Authorization", "Bearer \(good)")]
      #expect(try client.get("/v1/budgets", twice).status == 401)
      #expect(try client.get("/v1/budgets", [("Authorization", "bearer \(good)")]).status == 200)
    }
  }

  @Test func calculatorsAndPagesAreOpenOnLoopback() async throws {
    try await withService(authentication: true) { live in
      let client = try live.client()
      let question = #"{"event": {"type": "gaussian", "noise_multiplier": 1}, "delta": 1e-5}"#
      #expect(try client.post("/v1/epsilon", question).status == 200)
      for path in ["/", "/healthz", "/readyz", "/metrics", "/v1/version", "/openapi.yaml", "/openapi.json"] {
        #expect(try client.get(path).status == 200, "\(path)")
      }
    }
  }

  @Test func noSecretIsEverLogged() async throws {
    let lines = try await withService(authentication: true) { live in
      let client = try live.client()
      let secret = try live.makeToken(.owner)
      _ = try client.get("/v1/budgets?token=query-secret", [("Authorization", "Bearer \(secret)")])
      _ = try client.get("/v1/budgets", [("Authorization", "Bearer wrong-\(secret)")])
      _ = try client.post("/v1/budgets", #"{"name": "body-secret"}"#, [("Authorization", "Bearer \(secret)")])
      return (live.log, secret)
    }
    let text = lines.0.text
    #expect(text.split(separator: "\n").count >= 3)
    for secret in [lines.1, "query-secret", "body-secret"] { #expect(!text.contains(secret)) }
    for line in text.split(separator: "\n") { #expect(JSON(Array(line.utf8))["time"].string != nil, "\(line)") }
  }

  @Test func withoutAuthenticationOnlyThisMachinesOwnNamesAreAnswered() async throws {
    try await withService { live in
      let client = try live.client()
      for host in ["127.0.0.1:\(live.port)", "localhost:\(live.port)", "[::1]:\(live.port)", "LocalHost"] {
        #expect(try client.get("/v1/budgets", [("Host", host)]).status == 200, "\(host)")
      }
      for host in ["evil.example", "evil.example:\(live.port)", "127.0.0.1.evil.example", "10.0.0.1"] {
        let response = try client.get("/v1/budgets", [("Host", host)])
        #expect(response.status == 403, "\(host)")
        #expect(response.json["code"].string == "policy_denied")
      }
    }
  }

  @Test(arguments: ["0.0.0.0", "::", "10.0.0.1", "example.org"])
  func authenticationIsNotSwitchedOffWhereOthersCanReach(host: String) async throws {
    await #expect(throws: Service.StartError.authenticationNeeded(host: host)) {
      try await withService(configure: { $0.http.host = host }) { _ in }
    }
  }

  @Test func tokensAreComparedWhole() {
    #expect(Authenticator.areEqual([1, 2, 3], [1, 2, 3]))
    #expect(!Authenticator.areEqual([1, 2, 3], [1, 2, 4]))
    #expect(!Authenticator.areEqual([0, 2, 3], [1, 2, 3]))
    #expect(!Authenticator.areEqual([1, 2], [1, 2, 3]))
  }
}
