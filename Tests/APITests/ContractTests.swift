import API
import Foundation
import Testing

/// openapi.yaml and the table of routes name the same operations. The file is read by its indentation, which it keeps to;
/// the service's tests read it as YAML.
@Suite struct ContractTests {
  private static func operations() throws -> Set<String> {
    let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: top.appendingPathComponent("openapi.yaml"), encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).drop { $0 != "paths:" }.dropFirst()
    var operations: Set<String> = []
    var (path, method) = ("", "")
    for line in lines {
      if line == "components:" { break }
      let name = line.drop { $0 == " " }
      switch line.count - name.count {
      case 2 where name.hasPrefix("/"): path = String(name.dropLast())
      case 4 where ["get:", "post:", "patch:"].contains(name): method = name.dropLast().uppercased()
      case 6 where name.hasPrefix("operationId: "): operations.insert("\(method) \(path) \(name.dropFirst(13))")
      default: break
      }
    }
    return operations
  }

  @Test func routesAreTheContract() throws {
    let routes = Set(Route.all.map { "\($0.method) \($0.path) \($0.operationID)" })
    #expect(routes.count == Route.all.count)
    let operations = try Self.operations()
    #expect(routes.subtracting(operations) == [] && operations.subtracting(routes) == [])
  }

  @Test(arguments: Route.all) func everyRouteIsFoundUnderBothNames(route: Route) {
    let path = route.path.replacingOccurrences(of: "{id}", with: "x").replacingOccurrences(of: "{name}", with: "y")
    var paths = [path]
    if path.hasPrefix("/v1/") { paths.append(String(path.dropFirst(3))) }
    for path in paths {
      guard case .route(let found, _) = RouteTable.standard.match(method: route.method, path: path) else {
        Issue.record("\(route.method) \(path) leads nowhere")
        continue
      }
      #expect(found == route)
    }
  }

  @Test func unknownPathsAndMethods() throws {
    let api = try TestAPI()
    for path in [
      "/v2/epsilon", "/v1", "/v1/", "/v1/epsilon/", "/v1//epsilon", "/v1/budgets/a/b", "/v1/jobs/%zz", "/%2e%2e", "",
    ] {
      let answer = api.get(path.isEmpty ? "x" : path)
      #expect(answer.status == 404 && answer.code == "not_found", "\(path)")
    }
    let wrong = api.get("/v1/epsilon")
    #expect(wrong.status == 405 && wrong.code == "method_not_allowed")
    #expect(wrong.response.header("Allow") == "OPTIONS, POST")
    #expect(api.send("DELETE", "/v1/budgets").response.header("Allow") == "GET, HEAD, OPTIONS, POST")
    #expect(api.send("OPTIONS", "/epsilon").status == 204)
  }

  @Test func healthAndVersion() throws {
    let api = try TestAPI()
    #expect(api.get("/healthz").json == ["status": "ok"])
    #expect(api.get("/readyz").json == ["status": "ready"])
    let version = api.get("/version")
    #expect(version.json["version"]?.string == "0.0.0-test")
    #expect(version.json["accountants"]?.array == ["auto", "rdp", "pld", "moments", "gdp"])
    #expect(version.json["event_types"]?.array?.count == 20)
    #expect(version.response.header("ETag") != nil)
  }

  /// Everything but a page is answered by an operation: a request that fits none is refused, never lost.
  @Test(arguments: Route.all.filter { $0.kind != .page }) func everyRouteHasAnOperation(route: Route) throws {
    let api = try TestAPI()
    let path = route.path.replacingOccurrences(of: "{id}", with: "none").replacingOccurrences(of: "{name}", with: "y")
    let answer = api.send(route.method, path, route.method == "GET" ? nil : "{}")
    #expect(answer.json["detail"]?.string?.contains("There is nothing at") != true, "\(answer.text)")
    #expect(answer.status != 500)
  }

  /// Roles do what the contract says they do.
  @Test func roles() {
    func roles(_ operation: String) -> Set<Role> {
      let route = Route.all.first { $0.operationID == operation }
      return Set(Role.allCases.filter { route?.access.allows($0) ?? false })
    }
    #expect(roles("getBudget") == Set(Role.allCases))
    #expect(roles("previewCharge") == Set(Role.allCases).subtracting([.viewer]))
    #expect(roles("createCharge") == [.trainer, .owner, .admin])
    #expect(roles("createJob") == [.trainer, .owner, .admin])
    #expect(roles("createBudget") == [.owner, .admin])
    #expect(roles("listLedgerEntries") == [.auditor, .owner, .admin])
  }
}
