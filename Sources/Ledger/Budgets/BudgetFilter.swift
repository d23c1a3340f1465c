import Accounting
import Glibc

/// The privacy filter of one budget: which sequences of adaptively chosen mechanisms stay (ε, δ)-private together.
///
/// A few orders α are fixed when the budget is created, each with a share w(α) of δ and the allowance b(α), the largest
/// Rényi divergence that converts to (ε, w(α)·δ). A charge is admitted while *some* order stays within its allowance,
/// with what is held counted as if it had run. Sound under adaptive choice: let α* be an order at which what ran is
/// within the allowance at the stop. The sum of what ran only grows, so it was within all along, and the interaction
/// equals the one that α*'s own filter would have stopped (arXiv:2008.11193). The integrand of the hockey-stick
/// divergence is not negative, so summing over which order is α* bounds δ by Σ w(α)·δ. Concurrent mechanisms:
/// arXiv:2309.05901. Composing privacy loss distributions and stopping at a target is *not* a filter
/// (arXiv:2602.06756), which is why a budget counts in Rényi divergence.
///
/// A further share of δ is set aside for (ε, δ) black boxes, whose δs add up by the union bound.
public struct BudgetFilter: Hashable, Sendable {
  /// Rényi orders > 1, ascending.
  public let orders: [Double]
  /// The share of the budget's δ that each order converts at; with `deltaAllowance` they sum to at most 1.
  public let weights: [Double]
  /// The largest sum at each order, in units of `Amount`, rounded down; 0 where the order can hold nothing.
  public let allowances: [Int64]
  /// The largest Σδ of black boxes, in units of `Amount`, rounded down.
  public let deltaAllowance: Int64

  /// A filter as it was stored. Throws `corrupt` where the lists do not fit each other or hold what no filter has.
  public init(orders: [Double], weights: [Double], allowances: [Int64], deltaAllowance: Int64) throws {
    let isSound =
      !orders.isEmpty && orders.count <= Self.maximumOrderCount && orders.count == weights.count
      && orders.count == allowances.count && orders.allSatisfy { $0 > 1 && $0.isFinite }
      && zip(orders, orders.dropFirst()).allSatisfy { $0 < $1 } && weights.allSatisfy { $0 > 0 }
      && weights.reduce(0, +) <= 1 && allowances.allSatisfy { $0 >= 0 } && deltaAllowance >= 0
    guard isSound else { throw LedgerError.corrupt(location: "budget filter", detail: "its lists do not fit") }
    self.orders = orders
    self.weights = weights
    self.allowances = allowances
    self.deltaAllowance = deltaAllowance
  }

  /// The filter of a new budget with ε > 0 and δ in (0, 1).
  ///
  /// Gaussian noise alone would have its best order at 1 + x, where x = (L + √(L(L + ε)))/ε and L = ln(1/δ): there ρα +
  /// L/(α − 1) is least. Subsampling moves it down: past some order the divergence of a small σ explodes, while too low
  /// an order costs little. So the chief order is 1 + 0.63·x, with most of δ; two stand below it and one above. Four
  /// more are far up, where a share of δ costs only ln(1/w)/(α − 1): they make that a small spend is shown as a small
  /// ε.
  ///
  /// The loss, measured (BudgetFilterTests): (3, 1e-5) admits runs of DP-SGD with ε, by plain Rényi accounting at the
  /// best order and the whole δ, up to 2.88 (q = 256/60000, σ = 0.8), 2.83 (same q, σ = 1.1), 2.89 (0.01, 1), 2.92
  /// (0.05, 1.3), 2.82 (0.02, 2), and 2.77 for Gaussian noise without sampling. Other limits lose 3 to 9 % alike, and
  /// up to a quarter where a small σ explodes just below the chief order (σ = 0.8 at (3, 1e-6): 2.28).
  ///
  /// Throws `invalid` where so small an ε is not to be had at this δ.
  public init(epsilon: Double, delta: Double) throws {
    guard epsilon > 0, epsilon.isFinite, epsilon <= Self.maximumEpsilon else {
      throw LedgerError.invalid(field: "epsilon", detail: "must be above 0 and at most \(Self.maximumEpsilon)")
    }
    guard delta >= Self.minimumDelta, delta < 1 else {
      throw LedgerError.invalid(field: "delta", detail: "must be from \(Self.minimumDelta) to below 1")
    }
    var orders: [Double] = []
    var weights: [Double] = []
    for (multiple, weight) in Self.spread {
      let order = 1 + min(max(multiple * Self.bestOrderMinusOne(epsilon: epsilon, delta: delta), 0.01), 4095)
      let share = weight * (1 - Self.blackBoxShare) * Self.roundingReserve
      // Where several multiples meet the clamp they are one order, with all their shares.
      if order == orders.last {
        weights[weights.count - 1] += share
      } else {
        orders.append(order)
        weights.append(share)
      }
    }
    let allowances = zip(orders, weights).map { order, weight in
      Conversion.allowance(order: order, epsilon: epsilon, delta: weight * delta)
    }
    guard allowances.contains(where: { $0 > 0 }) else {
      throw LedgerError.invalid(field: "epsilon", detail: "no mechanism has so small an epsilon at this delta")
    }
    try self.init(
      orders: orders, weights: weights, allowances: allowances,
      deltaAllowance: Amount.roundedDown(Self.blackBoxShare * delta, scale: Amount.unitsPerDelta))
  }

  /// Whether a balance (spent, reserved and new together) is within the filter.
  public func admits(_ sum: Spend) -> Bool {
    guard sum.divergences.count == orders.count, sum.isNonNegative, sum.delta <= deltaAllowance else { return false }
    return zip(sum.divergences, allowances).contains { $0 <= $1 }
  }

  /// Whether a balance leaves room for one unit more at some order.
  public func hasRoom(beyond sum: Spend) -> Bool {
    zip(sum.divergences, allowances).contains { $0 < $1 }
  }

  /// ε of a balance at the δ of budget and filter, rounded up: the least over the orders that hold it, 0 for nothing
  /// spent, infinite where no order holds it. At most the budget's ε for whatever the filter admits.
  public func epsilonUpperBound(of sum: Spend, budgetDelta: Double) -> Double {
    guard sum.divergences.contains(where: { $0 != 0 }) else { return 0 }
    var least = Double.infinity
    for (index, units) in sum.divergences.enumerated() where units < Self.cap(of: allowances[index]) {
      let epsilon = RenyiConversion.epsilonUpperBound(
        divergence: Amount.nats(units), order: orders[index], delta: weights[index] * budgetDelta)
      least = min(least, epsilon)
    }
    return least
  }

  /// What `count` repetitions of an event with this curve cost, each amount rounded up once, as a whole. An amount
  /// above its allowance is stored as the allowance plus one unit: "this or more", which no balance holds.
  func amount(divergences: [Double], delta: Double, count: Int) throws -> Spend {
    let units = try zip(divergences, allowances).map { divergence, allowance in
      guard divergence >= 0 else { throw LedgerError.corrupt(location: "price", detail: "a divergence below 0") }
      let whole = (divergence * Double(count)).nextUp
      let units = divergence == 0 ? 0 : Amount.roundedUp(whole, scale: Amount.unitsPerNat)
      return min(units ?? .max, Self.cap(of: allowance))
    }
    let wholeDelta = delta == 0 ? 0 : (delta * Double(count)).nextUp
    let deltaUnits = Amount.roundedUp(wholeDelta, scale: Amount.unitsPerDelta)
    return Spend(divergences: units, delta: min(deltaUnits ?? .max, Self.cap(of: deltaAllowance)))
  }

  /// What the first `part` of `whole` equal steps cost of an amount: ceil(part · amount / whole), but all of it where
  /// the amount is capped, since "this or more" has no parts.
  func share(of amount: Spend, part: Int, whole: Int) -> Spend {
    let divergences = zip(amount.divergences, allowances).map { units, allowance in
      part > 0 && units >= Self.cap(of: allowance) ? units : Amount.share(of: units, part: part, whole: whole)
    }
    let isCapped = part > 0 && amount.delta >= Self.cap(of: deltaAllowance)
    let delta = isCapped ? amount.delta : Amount.share(of: amount.delta, part: part, whole: whole)
    return Spend(divergences: divergences, delta: delta)
  }

  public static let maximumOrderCount = 64
  public static let maximumEpsilon = 1000.0
  public static let minimumDelta = 1e-15

  /// The share of δ that is set aside for (ε, δ) black boxes.
  static let blackBoxShare = 0.1

  /// Keeps the sum of the rounded shares below 1.
  private static let roundingReserve = 1 - 0x1p-40

  /// Multiples of x, each with its share of what is left of δ. The shares sum to 1.
  private static let spread: [(multiple: Double, weight: Double)] = [
    (0.31, 0.01), (0.47, 0.10), (0.63, 0.78), (0.9, 0.07), (1.6, 0.01), (4, 0.01), (12, 0.01), (40, 0.01),
  ]

  private static func bestOrderMinusOne(epsilon: Double, delta: Double) -> Double {
    let logInverseDelta = -log(delta)
    return (logInverseDelta + (logInverseDelta * (logInverseDelta + epsilon)).squareRoot()) / epsilon
  }

  private static func cap(of allowance: Int64) -> Int64 { allowance == .max ? .max : allowance + 1 }
}
