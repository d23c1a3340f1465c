import Ledger
import Testing

/// Fixed point: what is spent is never under-counted, what is allowed never over-counted.
@Suite struct AmountTests {
  /// Doubles of every magnitude, with awkward last digits.
  private static let values: [Double] =
    (-60...18).flatMap { exponent -> [Double] in
      let scale = Double(sign: .plus, exponent: exponent, significand: 1)
      return [scale, scale.nextUp, scale.nextDown, 1.1 * scale, 1.7 * scale]
    } + [.leastNonzeroMagnitude, .leastNormalMagnitude, 1e-300, 0]

  @Test func spendsRoundUpAndAllowancesDown() throws {
    for value in Self.values {
      let up = try #require(Amount.roundedUp(value, scale: Amount.unitsPerNat), "\(value)")
      let down = Amount.roundedDown(value, scale: Amount.unitsPerNat)
      #expect(Double(up) >= value * Amount.unitsPerNat, "\(value)")
      #expect(Double(down) <= value * Amount.unitsPerNat, "\(value)")
      #expect(up - down <= 1, "\(value)")
      #expect(Amount.nats(up) >= value, "\(value)")
    }
  }

  @Test func aTinySpendDoesNotVanish() {
    #expect(Amount.roundedUp(.leastNonzeroMagnitude, scale: Amount.unitsPerNat) == 1)
    #expect(Amount.roundedUp(1e-30, scale: Amount.unitsPerDelta) == 1)
    #expect(Amount.roundedUp(0, scale: Amount.unitsPerNat) == 0)
  }

  @Test(arguments: [-1.0, -.leastNonzeroMagnitude, .nan, .infinity, -.infinity, 1e300, 0x1p63 / 0x1p40])
  func whatIsNoAmountIsRefused(_ value: Double) {
    #expect(Amount.roundedUp(value, scale: Amount.unitsPerNat) == nil)
  }

  @Test func anAllowanceOfNothingIsZero() {
    for value in [-1.0, .nan, -.infinity, 0, 1e-20] {
      #expect(Amount.roundedDown(value, scale: Amount.unitsPerNat) == 0)
    }
    #expect(Amount.roundedDown(.infinity, scale: Amount.unitsPerNat) == .max)
  }

  /// Blocks of any sizes sum to the whole, and no first k of n steps cost less than k/n of it.
  @Test func sharesAddUpAndNeverUnderCount() {
    for amount: Int64 in [0, 1, 2, 99, 1_000_003, .max - 1, .max] {
      for whole in [1, 2, 3, 7, 100] {
        var sum: Int64 = 0
        var before: Int64 = 0
        for part in 1...whole {
          let share = Amount.share(of: amount, part: part, whole: whole)
          #expect(share >= before && share <= amount)
          #expect(
            UInt64(share).multipliedFullWidth(by: UInt64(whole)) >= UInt64(part).multipliedFullWidth(by: UInt64(amount))
          )
          sum += share - before
          before = share
        }
        #expect(sum == amount)
      }
    }
  }

  @Test func showingRoundsOutward() {
    for units: Int64 in [0, 1, (1 << 53) + 1, (1 << 62) - 1, .max] {
      #expect(Amount.delta(units) * Amount.unitsPerDelta >= Double(units).nextDown)
      #expect(Amount.deltaRoundedDown(units) <= Amount.delta(units))
    }
    // 2⁵³ + 1 is no double: up is the next even one, down the one below.
    #expect(Amount.delta((1 << 53) + 1) * Amount.unitsPerDelta == 0x1p53 + 2)
    #expect(Amount.deltaRoundedDown((1 << 53) + 1) * Amount.unitsPerDelta == 0x1p53)
  }
}

private func >= (left: (high: UInt64, low: UInt64), right: (high: UInt64, low: UInt64)) -> Bool {
  left.high != right.high ? left.high > right.high : left.low >= right.low
}
