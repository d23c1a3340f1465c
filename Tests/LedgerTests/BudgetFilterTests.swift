import Accounting
import Ledger
import LedgerTesting
import Testing

@Suite struct BudgetFilterTests {
  private static let limits: [(epsilon: Double, delta: Double)] = [0.01, 0.1, 0.3, 1, 2, 3, 8, 20, 100, 1000].flatMap {
    epsilon in [1e-3, 1e-5, 1e-6, 1e-9, 1e-12].map { (epsilon, $0) }
  }

  /// The proof needs: each allowance converts to at most (ε, w·δ), and the shares with that of black boxes make at most
  /// δ.
  @Test func everyAllowanceConvertsWithinTheBudget() throws {
    for (epsilon, delta) in Self.limits {
      let filter = try BudgetFilter(epsilon: epsilon, delta: delta)
      let blackBoxes = Amount.delta(filter.deltaAllowance) / delta
      #expect(filter.weights.reduce(0, +) + blackBoxes <= 1, "\(epsilon) \(delta)")
      for (index, allowance) in filter.allowances.enumerated() where allowance > 0 {
        let (order, share) = (filter.orders[index], filter.weights[index] * delta)
        let back = RenyiConversion.epsilonUpperBound(
          divergence: Amount.nats(allowance), order: order, delta: share)
        #expect(back <= epsilon, "order \(order) of (\(epsilon), \(delta))")
        let converted = RenyiConversion.deltaUpperBound(
          divergence: Amount.nats(allowance), order: order, epsilon: epsilon)
        #expect(converted <= share * (1 + 1e-9), "order \(order) of (\(epsilon), \(delta))")
        // It is nearly the largest: a thousandth more does not convert.
        let more = RenyiConversion.deltaUpperBound(
          divergence: Amount.nats(allowance) * 1.001 + 1e-9, order: order, epsilon: epsilon)
        #expect(more > share, "order \(order) of (\(epsilon), \(delta))")
      }
    }
  }

  @Test func everyBudgetOfUseHasAFilter() throws {
    for (epsilon, delta) in Self.limits {
      let filter = try BudgetFilter(epsilon: epsilon, delta: delta)
      #expect(filter.allowances.contains { $0 > 0 })
      #expect(zip(filter.orders, filter.orders.dropFirst()).allSatisfy { $0 < $1 })
    }
  }

  /// What the filter loses against the whole budget at one best order: runs of DP-SGD that just fit ε = 3, δ = 1e-5,
  /// with their ε by plain Rényi accounting at the best order.
  @Test(arguments: [
    // sampling probability, noise multiplier, least share of ε that must be usable
    (256.0 / 60000, 0.8, 0.95),  // the tutorial's network
    (256.0 / 60000, 1.1, 0.93),
    (0.01, 1.0, 0.95),
    (0.05, 1.3, 0.96),
    (0.02, 2.0, 0.93),
    (1.0, 10.0, 0.92),
  ])
  func aRunMayUseNearlyTheWholeBudget(_ probability: Double, _ multiplier: Double, _ share: Double) throws {
    let path = try Self.path(epsilon: 3, delta: 1e-5)
    let event = PrivacyEvent.poissonSampled(
      samplingProbability: probability, event: .gaussian(noiseMultiplier: multiplier))
    let steps = try path.largestCount(of: path.price(event, count: 1), atMost: 10_000_000)
    let bound = try RenyiAccountant(event: .selfComposed(event: event, count: steps)).epsilon(delta: 1e-5)
    #expect(bound.epsilon <= 3)
    #expect(bound.epsilon >= share * 3, "\(steps) steps at q = \(probability), σ = \(multiplier): \(bound.epsilon)")
  }

  /// ε that is shown never falls short of plain accounting at the same orders and δ, and never exceeds the limit for
  /// what fits.
  @Test func epsilonOfABalanceIsAnUpperBound() throws {
    let path = try Self.path(epsilon: 3, delta: 1e-5)
    let event = PrivacyEvent.gaussian(noiseMultiplier: 10)
    let step = try path.price(event, count: 1)
    let most = try path.largestCount(of: step, atMost: 1000)
    var last = 0.0
    for count in 1...most {
      let price = try step.counting(count)
      let plain = try RenyiAccountant(event: .selfComposed(event: event, count: count)).epsilon(delta: 1e-5)
      #expect(price.epsilon >= plain.epsilon && price.epsilon <= 3)
      #expect(price.epsilon >= last)
      last = price.epsilon
    }
    #expect(try !path.admits(step.counting(most + 1)))
  }

  @Test func whatNeverFits() throws {
    let path = try Self.path(epsilon: 1000, delta: 1e-3)
    for event in [.nonPrivate, .gaussian(noiseMultiplier: 0), .gaussian(noiseMultiplier: 1e-300)] as [PrivacyEvent] {
      let price = try path.price(event, count: 1)
      #expect(price.epsilon == .infinity)
      #expect(try path.refusal(of: price)?.requestedEpsilon == .infinity)
      #expect(try path.largestCount(of: price, atMost: 100) == 0)
    }
  }

  /// What is beyond a budget is refused with its ε, not with "too much".
  @Test func aRefusalSaysByHowMuch() throws {
    let path = try Self.path(epsilon: 1, delta: 1e-5)
    let price = try path.price(.gaussian(noiseMultiplier: 1), count: 10)
    let plain = try RenyiAccountant(event: .selfComposed(event: .gaussian(noiseMultiplier: 1), count: 10))
      .epsilon(delta: 1e-5)
    let refusal = try #require(try path.refusal(of: price))
    #expect(refusal.requestedEpsilon >= plain.epsilon && refusal.requestedEpsilon < .infinity)
    #expect(refusal.remainingEpsilon <= 1 && refusal.remainingEpsilon > 0.999_999)
  }

  @Test func nothingSpentIsShownAsNothing() throws {
    let balance = try Self.path(epsilon: 3, delta: 1e-5).asked.balance()
    #expect(balance.spent == .init(epsilon: 0, delta: 0))
    #expect(balance.reserved == .init(epsilon: 0, delta: 0))
    #expect(balance.remaining.epsilon <= 3 && balance.remaining.epsilon > 2.999_999)
    #expect(balance.state == .active)
  }

  @Test func aPriceIsForItsOwnBudgets() throws {
    let (one, other) = (try Self.path(epsilon: 3, delta: 1e-5), try Self.path(epsilon: 3, delta: 1e-5))
    let price = try one.price(.gaussian(noiseMultiplier: 10), count: 1)
    #expect(throws: LedgerError.self) { try other.admits(price) }
  }

  /// The path of a new root budget.
  static func path(epsilon: Double, delta: Double) throws -> BudgetPath {
    let store = MemoryStore()
    let moment = moments.at(seconds: 0)
    return try store.write { transaction in
      let draft = BudgetDraft(
        name: "root", dataset: "data", epsilon: epsilon, delta: delta, relation: .addOrRemoveOne, unit: "example")
      let budget = try LedgerWriter(transaction, at: moment).createBudget(draft)
      return try LedgerReader(transaction).budgetPath(budget.id)
    }
  }

  private static let moments = CountingMoments()
}
