import NeuralNetworks

/// The parameters that training moves: the network's without the frozen ones, numbered one after another from 0. Noise,
/// optimizer state and average exist for these only.
package struct TrainableParameters: Hashable, Sendable {
  /// In the network's parameter buffer: ascending and apart from each other.
  package let ranges: [Range<Int>]
  package let count: Int
  /// The number of the first parameter of each range.
  private let starts: [Int]

  /// - Parameter ranges: ascending and disjoint; adjacent ones become one.
  package init(ranges: [Range<Int>]) {
    var joined: [Range<Int>] = []
    for range in ranges where !range.isEmpty {
      if let last = joined.last, last.upperBound == range.lowerBound {
        joined[joined.count - 1] = last.lowerBound..<range.upperBound
      } else {
        joined.append(range)
      }
    }
    var starts: [Int] = []
    var count = 0
    for range in joined {
      starts.append(count)
      count += range.count
    }
    (self.ranges, self.starts, self.count) = (joined, starts, count)
  }

  /// Those of a network's parameters whose names `isTrained` says yes to.
  package init(_ network: Network, where isTrained: (String) -> Bool = { _ in true }) {
    self.init(ranges: network.parameters.filter { isTrained($0.name) }.map(\.range))
  }

  /// Calls `body` for each run of the parameters numbered `numbers` that lies together in the network's buffer, with the
  /// first one's number, its place in that buffer, and the length.
  package func forEachPiece(
    of numbers: Range<Int>, _ body: (_ number: Int, _ place: Int, _ length: Int) -> Void
  ) {
    precondition(numbers.lowerBound >= 0 && numbers.upperBound <= count, "these are not all parameters")
    guard !numbers.isEmpty else { return }
    var index = starts.partitioningIndex { $0 > numbers.lowerBound } - 1
    var number = numbers.lowerBound
    while number < numbers.upperBound {
      let offset = number - starts[index]
      let length = min(ranges[index].count - offset, numbers.upperBound - number)
      body(number, ranges[index].lowerBound + offset, length)
      number += length
      index += 1
    }
  }
}

extension [Int] {
  /// The first index at which `isAfter` holds, in an array where it holds from some place on.
  fileprivate func partitioningIndex(where isAfter: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
