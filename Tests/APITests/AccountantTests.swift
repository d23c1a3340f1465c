import API
import Testing

/// Which accountant answers, and what it says about it.
@Suite struct AccountantTests {
  private let api: TestAPI

  init() throws {
    api = try TestAPI()
  }

  private static let run = #""noise_multiplier": 1.1, "sample_rate": 0.01, "steps": 1000, "delta": 1e-5"#

  private func ask(_ rest: String) -> Answer { api.post("/v1/epsilon", "{\(Self.run)\(rest)}") }

  @Test func autoIsNowhereAboveRenyi() throws {
    let auto = ask("")
    let rdp = ask(#", "accountant": "rdp""#)
    #expect(rdp.json["accountant"] == "rdp" && rdp.json["method"] == "renyi" && rdp.json["warnings"] == [])
    #expect(rdp.json["epsilon_lower"] == .null && rdp.json["order"]?.double != nil)
    #expect(try #require(auto.number("epsilon")) <= (rdp.number("epsilon") ?? 0))
    if auto.json["accountant"] == "pld" {
      #expect(auto.json["order"] == .null && auto.json["epsilon_lower"]?.double != nil)
    } else {
      #expect(auto.json.at("warnings.0")?.string?.contains("Rényi") == true)
    }
  }

  @Test func ordersMeanRenyi() {
    let answer = ask(#", "orders": [2, 4, 8]"#)
    #expect(answer.json["accountant"] == "rdp" && answer.json["warnings"] == [])
    let refused = ask(#", "orders": [2, 4, 8], "accountant": "pld""#)
    #expect(refused.status == 422 && refused.pointers == ["/orders"])
  }

  /// zCDP is a statement about Rényi divergences: there is no pair of distributions behind it.
  @Test func whatHasNoTightBound() {
    let zcdp = #"{"event": {"type": "zcdp", "rho": 0.1}, "delta": 1e-5"#
    let refused = api.post("/v1/epsilon", zcdp + #", "accountant": "pld"}"#)
    #expect(refused.status == 422 && refused.code == "unsound_combination", "\(refused.text)")
    #expect(refused.json["detail"]?.string?.contains("rdp") == true)
    let auto = api.post("/v1/epsilon", zcdp + "}")
    #expect(auto.status == 200 && auto.json["accountant"] == "rdp")
    #expect(auto.json.at("warnings.0")?.string?.hasPrefix("accountant auto: ") == true)
  }

  @Test(arguments: ["moments", "gdp"]) func unsoundIsRefusedWithAWayOut(accountant: String) {
    let answer = ask(#", "accountant": "\#(accountant)""#)
    #expect(answer.status == 422 && answer.code == "unsound_combination" && answer.pointers == ["/accountant"])
    #expect(answer.json["detail"]?.string?.contains("rdp") == true)
  }
}
