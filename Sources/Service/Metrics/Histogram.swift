/// Counts of observations by size, in the cumulative buckets that Prometheus adds up over machines and time.
package struct Histogram: Sendable {
  /// Upper ends of the buckets in seconds; the last bucket, without an end, is not listed.
  package static let bounds: [Double] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]

  /// How many fell into each bucket alone; one more than `bounds`.
  package private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
  package private(set) var sum = 0.0

  package mutating func observe(_ seconds: Double) {
    counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    sum += seconds
  }

  package init() {}

  package var count: UInt64 { counts.reduce(0, +) }
}
