/// Milliseconds on the monotonic clock.
package typealias Milliseconds = Int64

/// A binary heap of (time, connection), earliest first.
///
/// A connection moves its deadline on every request; the heap is left alone then. An entry is a promise to look at the
/// connection no later than its time: whoever finds the deadline moved on schedules the connection anew. So a busy
/// connection costs one heap operation per deadline that passes, not one per request.
package struct DeadlineHeap {
  package struct Entry: Equatable {
    package var time: Milliseconds
    package var token: UInt64

    package init(time: Milliseconds, token: UInt64) {
      self.time = time
      self.token = token
    }
  }

  private var entries: [Entry] = []

  package init() {}

  package var earliest: Milliseconds? { entries.first?.time }

  package mutating func insert(_ entry: Entry) {
    entries.append(entry)
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entries[child].time < entries[parent].time else { return }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  /// Removes and returns the earliest entry if its time has come.
  package mutating func popEntry(dueAt now: Milliseconds) -> Entry? {
    guard let first = entries.first, first.time <= now else { return nil }
    let last = entries.removeLast()
    guard !entries.isEmpty else { return first }
    entries[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < entries.count else { return first }
      if child + 1 < entries.count, entries[child + 1].time < entries[child].time { child += 1 }
      guard entries[child].time < entries[parent].time else { return first }
      entries.swapAt(child, parent)
      parent = child
    }
  }
}

extension Duration {
  /// Rounded up, never negative, and short of overflow for any duration.
  package var milliseconds: Milliseconds {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    guard seconds < 1 << 40 else { return 1 << 50 }
    return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  }
}
