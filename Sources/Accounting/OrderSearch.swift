import Glibc

/// Minimises a function of the Rényi order over all orders.
///
/// Both conversions have the form N(b)/b or N(b) with b = α − 1 and N convex: b·D_{1+b} is convex (it is a cumulant generating
/// function), and so is b log b − (b+1) log(b+1). A convex function over b > 0 divided by b is quasi-convex, so there is one
/// valley and a descent finds the global minimum. Where the search stops does not matter for validity: any order gives a
/// valid bound, and the value returned is the one computed at the order returned.
enum OrderSearch {
  /// Orders searched, as b = α − 1.
  static let steps: ClosedRange<Double> = 1e-7...999_999

  /// - Parameters:
  ///   - guess: where to begin, as α − 1.
  ///   - value: the function, of α; `infinity` is allowed.
  /// - Returns: the best order that was tried and its value.
  static func minimize(from guess: Double, _ value: (Double) -> Double) -> (order: Double, value: Double) {
    var descent = Descent()
    let start = min(max(guess, steps.lowerBound), steps.upperBound)
    var (left, middle, right) = (
      descent.at(log(start / 2), value), descent.at(log(start), value), descent.at(log(start * 2), value)
    )
    // Walk downhill, with growing strides, until the middle is the lowest.
    var stride = log(2.0)
    while right.value < middle.value, right.logStep < log(steps.upperBound) {
      stride *= 1.6
      (left, middle) = (middle, right)
      right = descent.at(middle.logStep + stride, value)
    }
    while left.value < middle.value, left.logStep > log(steps.lowerBound) {
      stride *= 1.6
      (right, middle) = (middle, left)
      left = descent.at(middle.logStep - stride, value)
    }
    descent.refine(left, middle, right, value)
    return (1 + exp(descent.best.logStep), descent.best.value)
  }
}

/// One search: remembers the best point.
private struct Descent {
  struct Point {
    var logStep: Double
    var value: Double
  }

  private(set) var best = Point(logStep: 0, value: .infinity)

  mutating func at(_ logStep: Double, _ value: (Double) -> Double) -> Point {
    let clamped = min(max(logStep, log(OrderSearch.steps.lowerBound)), log(OrderSearch.steps.upperBound))
    let point = Point(logStep: clamped, value: value(1 + exp(clamped)))
    if point.value < best.value { best = point }
    return point
  }

  /// Successive parabolic interpolation, with a golden section wherever the parabola does not help (Brent 1973, chapter 5).
  /// The minimum is flat: a relative error of 1e-6 in the step changes the value by about its square.
  mutating func refine(_ left: Point, _ middle: Point, _ right: Point, _ value: (Double) -> Double) {
    var (low, mid, high) = (left, middle, right)
    for _ in 0..<60 where high.logStep - low.logStep > 2e-6 {
      let previousWidth = high.logStep - low.logStep
      let candidate = at(Descent.parabolaMinimum(low, mid, high) ?? Descent.goldenPoint(low, mid, high), value)
      Descent.insert(candidate, &low, &mid, &high)
      if high.logStep - low.logStep > 0.6 * previousWidth {
        Descent.insert(at(Descent.goldenPoint(low, mid, high), value), &low, &mid, &high)
      }
      let scale = max(abs(mid.value), .leastNormalMagnitude)
      if max(low.value, high.value) - mid.value <= 1e-12 * scale { break }
    }
  }

  private static func insert(_ new: Point, _ low: inout Point, _ mid: inout Point, _ high: inout Point) {
    let isBetter = new.value <= mid.value
    if new.logStep > mid.logStep {
      if isBetter { (low, mid) = (mid, new) } else { high = new }
    } else {
      if isBetter { (high, mid) = (mid, new) } else { low = new }
    }
  }

  /// The minimum of the parabola through three points, if it lies well inside; `nil` otherwise.
  private static func parabolaMinimum(_ low: Point, _ mid: Point, _ high: Point) -> Double? {
    let (a, b) = (mid.logStep - low.logStep, high.logStep - mid.logStep)
    let (fa, fb) = ((low.value - mid.value) / a, (high.value - mid.value) / b)
    guard fa.isFinite, fb.isFinite, fa + fb > 0, a > 0, b > 0 else { return nil }
    let offset = (fa * b - fb * a) / (fa + fb) / 2
    // A new point on top of the middle one would teach nothing.
    let least = 1e-3 * min(a, b)
    let moved = abs(offset) < least ? (a > b ? -least : least) : offset
    guard moved > -a * 0.999, moved < b * 0.999 else { return nil }
    return mid.logStep + moved
  }

  private static func goldenPoint(_ low: Point, _ mid: Point, _ high: Point) -> Double {
    let (a, b) = (mid.logStep - low.logStep, high.logStep - mid.logStep)
    return a > b ? mid.logStep - 0.381966 * a : mid.logStep + 0.381966 * b
  }
}
