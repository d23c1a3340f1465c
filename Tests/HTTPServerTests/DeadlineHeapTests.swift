import HTTPServer
import Testing

@Suite("Deadlines")
struct DeadlineHeapTests {
  /// Every order of six times, two of them equal.
  @Test("entries come out in the order of their times, and not before")
  func order() {
    let times: [Milliseconds] = [1, 2, 2, 3, 5, 8]
    for permutation in permutations(of: Array(times.indices)) {
      var heap = DeadlineHeap()
      for index in permutation { heap.insert(.init(time: times[index], token: UInt64(index))) }
      var popped: [DeadlineHeap.Entry] = []
      for now in Milliseconds(0)...9 {
        while let entry = heap.popEntry(dueAt: now) {
          #expect(entry.time == now)
          popped.append(entry)
        }
        #expect(heap.earliest == times.first { $0 > now })
      }
      #expect(popped.map(\.time) == times)
      #expect(Set(popped.map(\.token)) == Set(times.indices.map(UInt64.init)))
    }
  }

  private func permutations(of items: [Int]) -> [[Int]] {
    guard let last = items.last else { return [[]] }
    return permutations(of: items.dropLast()).flatMap { shorter in
      (0...shorter.count).map { Array(shorter[..<$0]) + [last] + Array(shorter[$0...]) }
    }
  }

  @Test(
    "durations become whole milliseconds, rounded up",
    arguments: [
      (Duration.zero, 0), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1001), 2), (.seconds(75), 75_000),
      (.seconds(-1), 0), (.seconds(Int64.max), 1 << 50),
    ] as [(Duration, Milliseconds)])
  func milliseconds(duration: Duration, expected: Milliseconds) {
    #expect(duration.milliseconds == expected)
  }
}
