/// Unit roundoff of `Double` times two: one operation's relative error is at most half of this.
let ulp = Double.ulpOfOne

extension Double {
  /// This value raised by `error` ≥ 0 and by the rounding of that addition; for an upper bound.
  func raised(by error: Double) -> Double { (self + error).nextUp }

  /// This value lowered by `error` ≥ 0 and by the rounding of that subtraction; for a lower bound.
  func lowered(by error: Double) -> Double { (self - error).nextDown }
}
