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
  ///   - stride: how far off the guess may be, in log(α − 1).
  ///   - value: the function, of α; `infinity` is allowed.
  /// - Returns: the best order that was tried and its value.
  static func minimize(
    from guess: Double, stride: Double = 0.693, _ value: (Double) -> Double
  ) -> (order: Double, value: Double) {
    var descent = Descent()
    let start = min(max(guess, steps.lowerBound), steps.upperBound)
    var stride = stride
    var (left, middle, right) = (
      descent.at(log(start) - stride, value), descent.at(log(start), value), descent.at(log(start) + stride, value)
    )
    // Walk downhill, with growing strides, until the middle is the lowest.
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

  /// Brent's method without derivatives (Algorithms for Minimization without Derivatives, 1973, chapter 5): a parabola through
  /// the three best points, or a golden section where that would not shrink the interval fast enough. Near a minimum the
  /// value changes with the square of the distance: a tolerance of 1e-7 in log b leaves less than 1e-10 of it even where the
  /// curvature is 1e4 times the value, as it is where an order is about to become useless.
  mutating func refine(_ left: Point, _ middle: Point, _ right: Point, _ value: (Double) -> Double) {
    let tolerance = 1e-7
    var (low, high) = (left.logStep, right.logStep)
    var (lowest, second, third) = (
      middle, left.value < right.value ? left : right, left.value < right.value ? right : left
    )
    var (move, moveBefore) = (high - low, high - low)
    for _ in 0..<100 where max(lowest.logStep - low, high - lowest.logStep) > 2 * tolerance {
      let parabola = Descent.parabolaOffset(lowest, second, third)
      let center = lowest.logStep < (low + high) / 2 ? high - lowest.logStep : low - lowest.logStep
      if let parabola, abs(parabola) < abs(moveBefore) / 2, low < lowest.logStep + parabola,
        lowest.logStep + parabola < high
      {
        (moveBefore, move) = (move, parabola)
      } else {
        (moveBefore, move) = (center, 0.381966 * center)
      }
      if abs(move) < tolerance { move = center < 0 ? -tolerance : tolerance }
      let new = at(lowest.logStep + move, value)
      if new.value <= lowest.value {
        if new.logStep < lowest.logStep { high = lowest.logStep } else { low = lowest.logStep }
        (third, second, lowest) = (second, lowest, new)
      } else {
        if new.logStep < lowest.logStep { low = new.logStep } else { high = new.logStep }
        if new.value <= second.value {
          (third, second) = (second, new)
        } else if new.value <= third.value {
          third = new
        }
      }
    }
  }

  /// Where the parabola through three points is lowest, from the first; `nil` if there is no such parabola.
  private static func parabolaOffset(_ first: Point, _ second: Point, _ third: Point) -> Double? {
    let (a, b) = (second.logStep - first.logStep, third.logStep - first.logStep)
    let (riseA, riseB) = (second.value - first.value, third.value - first.value)
    let denominator = 2 * (riseA * b - riseB * a)
    let offset = (riseA * b * b - riseB * a * a) / denominator
    return offset.isFinite ? offset : nil
  }
}
