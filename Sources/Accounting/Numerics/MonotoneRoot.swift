/// Roots of increasing functions.
enum MonotoneRoot {
  /// A point next to where `function` passes through 0, between `low`, where it is at most 0, and `high`, where it is at least 0:
  /// regula falsi with the Illinois modification (Dowell and Jarratt 1971), bisecting where that is slow.
  static func find(_ low: Double, _ high: Double, _ function: (Double) -> Double) -> Double {
    var (left, right) = (low, high)
    var (atLeft, atRight) = (function(left), function(right))
    var (width, lastSide) = (right - left, 0)
    for step in 0..<200 {
      if atLeft == 0 { return left }
      if atRight == 0 { return right }
      var middle = right - atRight * (right - left) / (atRight - atLeft)
      // Three steps together at least halve the interval.
      if step % 3 == 2 {
        if !(right - left < width / 2) { middle = left + (right - left) / 2 }
        width = right - left
      }
      if !(middle > left && middle < right) { middle = left + (right - left) / 2 }
      let value = function(middle)
      if value < 0 {
        (left, atLeft) = (middle, value)
        if lastSide == -1 { atRight /= 2 }
        lastSide = -1
      } else {
        (right, atRight) = (middle, value)
        if lastSide == 1 { atLeft /= 2 }
        lastSide = 1
      }
      if right - left <= 2 * Double.ulpOfOne * max(abs(left), abs(right)) { return left }
    }
    return left + (right - left) / 2
  }
}
