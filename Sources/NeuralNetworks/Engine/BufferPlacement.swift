import Tensors

/// When a buffer of a block is in use, in steps of the schedule, and how many floats an example it takes.
struct BufferLifetime {
  var width: Int
  /// Nil: never used.
  private(set) var steps: ClosedRange<Int>?

  init(width: Int) { self.width = width }

  mutating func use(at step: Int) {
    steps = steps.map { min($0.lowerBound, step)...max($0.upperBound, step) } ?? step...step
  }
}

/// Places for buffers such that two that are in use at the same time never overlap.
struct BufferPlacement {
  /// Floats from the beginning of a thread's region; nil for a buffer that is never used.
  let offsets: [Int?]
  let floatCount: Int

  /// First fit, largest first: within a few percent of the least possible for chains and residual networks.
  /// - Throws: `TensorError.tooLarge`.
  init(_ lifetimes: [BufferLifetime], rows: Int) throws(TensorError) {
    var offsets = [Int?](repeating: nil, count: lifetimes.count)
    var end = 0
    var placed: [(range: Range<Int>, steps: ClosedRange<Int>)] = []
    for index in lifetimes.indices.sorted(by: { lifetimes[$0].width > lifetimes[$1].width }) {
      guard let steps = lifetimes[index].steps else { continue }
      let size = (try checkedProduct([lifetimes[index].width, rows]) + 15) & ~15
      var offset = 0
      // `placed` is in the order of addresses: the first gap that is wide enough.
      for other in placed where other.steps.overlaps(steps) {
        if offset + size <= other.range.lowerBound { break }
        offset = max(offset, other.range.upperBound)
      }
      offsets[index] = offset
      let place = placed.firstIndex { $0.range.lowerBound > offset } ?? placed.count
      placed.insert((offset..<offset + size, steps), at: place)
      end = max(end, offset + size)
      guard end <= maximumElementCount else { throw .tooLarge([end]) }
    }
    self.offsets = offsets
    floatCount = end
  }
}
