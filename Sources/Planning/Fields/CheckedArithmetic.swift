// Sizes in a request are hostile: 10^18 filters must be refused with a sentence, not with an overflow trap.

/// The product, or nil where it does not fit an Int.
func checkedProduct(_ factors: [Int]) -> Int? {
  var product = 1
  for factor in factors {
    let (next, overflow) = product.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    product = next
  }
  return product
}

/// The product of non-negative factors, or `Int.max` where it does not fit.
func saturatingProduct(_ factors: [Int]) -> Int {
  if factors.contains(0) { return 0 }
  return checkedProduct(factors) ?? Int.max
}

/// The sum of non-negative terms, or `Int.max` where it does not fit.
func saturatingSum(_ terms: [Int]) -> Int {
  var sum = 0
  for term in terms {
    let (next, overflow) = sum.addingReportingOverflow(term)
    if overflow { return Int.max }
    sum = next
  }
  return sum
}

/// Bytes in a unit a person reads, at most one decimal, without a locale.
func describeBytes(_ bytes: Double) -> String {
  let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
  var value = bytes
  var unit = 0
  while value >= 1000, unit < units.count - 1 {
    value /= 1000
    unit += 1
  }
  let tenths = (value * 10).rounded()
  guard tenths < 1e15 else { return "over 100,000 EB" }
  let whole = Int(tenths) / 10
  let rest = Int(tenths) % 10
  return rest == 0 ? "\(whole) \(units[unit])" : "\(whole).\(rest) \(units[unit])"
}
