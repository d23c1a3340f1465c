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

  /// zCDP is a statement about Rényi divergences, from above; from below a Gaussian mechanism satisfies it.
  @Test func whatRenyiDivergenceBoundsFromAbove() throws {
    for accountant in ["auto", "pld"] {
      let answer = api.post(
        "/v1/epsilon", #"{"event": {"type": "zcdp", "rho": 0.1}, "delta": 1e-5, "accountant": "\#(accountant)"}"#)
      #expect(answer.json["accountant"] == "pld" && answer.json["method"] == "renyi", "\(answer.text)")
      let (lower, upper) = (try #require(answer.number("epsilon_lower")), try #require(answer.number("epsilon")))
      #expect(lower < upper && upper < 1.2 * lower)
      #expect(answer.json.at("warnings.0")?.string?.hasPrefix("method renyi: ") == true)
    }
    let pure = api.post(
      "/v1/epsilon", #"{"event": {"type": "exponential_mechanism", "epsilon": 0.5}, "delta": 1e-5}"#)
    #expect(try #require(pure.number("epsilon_lower")) > 0)
  }

  /// Twice the best of a Poisson number of runs, of which there may be none.
  @Test func whatHasNoTightBound() {
    let twice =
      #"{"event": {"type": "self_composed", "count": 2, "event": {"type": "repeat_and_select", "mean_repetitions": 3, "#
      + #""shape": null, "event": {"type": "gaussian", "noise_multiplier": 3}}}, "delta": 1e-5"#
    let refused = api.post("/v1/epsilon", twice + #", "accountant": "pld"}"#)
    #expect(refused.status == 422 && refused.code == "unsound_combination", "\(refused.text)")
    #expect(refused.json["detail"]?.string?.contains("rdp") == true)
    let auto = api.post("/v1/epsilon", twice + "}")
    #expect(auto.status == 200 && auto.json["accountant"] == "rdp")
    #expect(auto.json.at("warnings.0")?.string?.hasPrefix("accountant auto: ") == true)
  }

  /// As Abadi et al. defined it: the same divergences, integer moments, a looser conversion.
  @Test func momentsAreTheForerunnerOfRenyi() throws {
    let moments = ask(#", "accountant": "moments""#)
    #expect(moments.json["accountant"] == "moments" && moments.json["method"] == "moments", "\(moments.text)")
    #expect(try #require(moments.number("epsilon")) > (ask(#", "accountant": "rdp""#).number("epsilon") ?? .infinity))
    let order = try #require(moments.number("order"))
    #expect(order == order.rounded() && order >= 2 && order <= 33)
    #expect(ask(#", "accountant": "moments", "adjacency": "replace_one""#).code == "unsound_combination")
    #expect(ask(#", "accountant": "moments", "orders": [2]"#).pointers == ["/orders"])
    let laplace = #"{"event": {"type": "laplace", "noise_multiplier": 1}, "delta": 1e-5, "accountant": "moments"}"#
    #expect(api.post("/v1/epsilon", laplace).code == "unsound_combination")
    let solve = #"{"sample_rate": 0.01, "steps": 100, "target_epsilon": 1, "delta": 1e-5, "accountant": "moments"}"#
    #expect(api.post("/v1/noise-multiplier", solve).pointers == ["/accountant"])
  }

  /// An estimate says that it is one, and is never what others rest on.
  @Test func gdpIsAnEstimate() throws {
    let answer = ask(#", "accountant": "gdp""#)
    #expect(answer.json["estimate"] == true && answer.json["accountant"] == "gdp", "\(answer.text)")
    #expect(answer.json["epsilon_lower"] == .null && answer.json["method"] == "central_limit_theorem")
    #expect(answer.json["warnings"]?.array?.contains { $0.string?.contains("not a bound") == true } == true)
    #expect(ask("").json["estimate"] == nil)
    for (rest, pointer) in [
      (#", "accountant": "gdp", "verify": true"#, "/verify"),
      (#", "accountant": "gdp", "orders": [2]"#, "/orders"),
      (#", "accountant": "gdp", "adjacency": "replace_one""#, "/sampling"),
      (#", "accountant": "gdp", "sampling": "balls_in_bins", "steps": 100, "sample_rate": 0.01"#, "/sampling"),
    ] {
      let run = rest.contains("balls") ? #"{"noise_multiplier": 1, "delta": 1e-5\#(rest)}"# : "{\(Self.run)\(rest)}"
      let refused = api.post("/v1/epsilon", run)
      #expect(refused.status == 422 && refused.pointers == [pointer], "\(refused.text)")
    }
    let solve = #"{"sample_rate": 0.01, "steps": 100, "target_epsilon": 1, "delta": 1e-5, "accountant": "gdp"}"#
    #expect(api.post("/v1/noise-multiplier", solve).pointers == ["/accountant"])
  }

  @Test(arguments: ["auto", "pld", "rdp", "moments"]) func aSecondWayAgrees(accountant: String) throws {
    let answer = ask(#", "accountant": "\#(accountant)", "verify": true"#)
    let second = try #require(answer.json["verification"], "\(answer.text)")
    #expect(second["agrees"] == true && second["method"] != answer.json["method"])
    let (upper, lower) = (try #require(second["epsilon"]?.double), second["epsilon_lower"]?.double ?? 0)
    #expect(lower <= (answer.number("epsilon") ?? 0) && upper >= (answer.number("epsilon_lower") ?? 0))

    let run = #"{"noise_multiplier": 1.1, "sample_rate": 0.01, "steps": 1000, "epsilon": 1, "verify": true"#
    let delta = api.post("/v1/delta", run + #", "accountant": "\#(accountant)"}"#)
    let secondDelta = try #require(delta.json["verification"])
    #expect(secondDelta["agrees"] == true && (secondDelta["delta"]?.double ?? -1) >= delta.number("delta_lower") ?? 0)
    #expect(ask("").json["verification"] == nil)
  }

  @Test func withoutASecondWayItIsSaid() {
    let answer = api.post("/v1/epsilon", #"{"event": {"type": "zcdp", "rho": 0.1}, "delta": 1e-5, "verify": true}"#)
    #expect(answer.status == 200 && answer.json["verification"] == .null)
    #expect(answer.json["warnings"]?.array?.contains { $0.string?.contains("not verified") == true } == true)
  }

  /// Of a Gaussian all figures are known: μ = 1/σ, no regret, advantage 2Φ(μ/2) − 1.
  @Test func riskOfAGaussian() throws {
    let event = #"{"event": {"type": "gaussian", "noise_multiplier": 2}, "delta": 1e-5, "risk": true}"#
    let risk = try #require(api.post("/v1/epsilon", event).json["risk"])
    #expect(abs((risk["mu"]?.double ?? 0) - 0.5) < 1e-4 && (risk["regret"]?.double ?? 1) < 1e-4)
    let advantage = try #require(risk["advantage"]?.double)
    #expect(abs(advantage - 0.19741265136584733) < 1e-9)
    let rates = risk["true_positive_rate"]?.array ?? []
    #expect(
      rates.count == 3 && rates.allSatisfy { ($0["bound"]?.double ?? 0) > ($0["false_positive_rate"]?.double ?? 1) })
    // At a false positive rate of 0.1 the true rate is Φ(Φ⁻¹(0.1) + 1/2).
    #expect(abs((rates.last?["bound"]?.double ?? 0) - 0.21731) < 1e-3)
  }

  @Test func riskOfNothingPrivateIsNull() {
    let answer = api.post("/v1/epsilon", #"{"event": {"type": "non_private"}, "delta": 1e-5, "risk": true}"#)
    #expect(answer.status == 200 && answer.json["risk"] == .null)
    #expect(answer.json["warnings"]?.array?.contains { $0.string?.hasPrefix("risk is null") == true } == true)
  }
}
