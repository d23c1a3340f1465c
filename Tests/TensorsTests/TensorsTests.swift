import Tensors
import TestSupport
import Testing

@Suite struct ShapeTests {
  @Test func refusesWhatCannotBe() {
    #expect(throws: TensorError.dimension(0)) { try Shape([3, 0]) }
    #expect(throws: TensorError.dimension(-1)) { try Shape([-1]) }
    #expect(throws: TensorError.tooLarge([Int.max, 2])) { try Shape([Int.max, 2]) }
    #expect(throws: TensorError.tooLarge([1 << 32, 1 << 32])) { try Shape([1 << 32, 1 << 32]) }
  }

  @Test func counts() throws {
    #expect(try Shape([3, 4, 5]).count == 60)
    #expect(try Shape([]).count == 1)
    #expect(try Shape([3, 4, 5]).image?.width == 5)
    #expect(try Shape([3, 4]).image == nil)
    #expect(try Shape([3, 28, 28]).description == "3×28×28")
  }
}

@Suite struct GeometryTests {
  @Test func outputSizes() throws {
    let tutorial = try WindowGeometry(
      channels: 1, height: 28, width: 28, window: Window(kernel: 8, stride: 2, padding: .all(3)))
    #expect(tutorial.outputHeight == 14 && tutorial.outputWidth == 14)
    let uneven = try WindowGeometry(
      channels: 2, height: 7, width: 9,
      window: Window(
        kernel: (3, 4), stride: (2, 3), padding: Padding(top: 0, left: 1, bottom: 1, right: 2)))
    #expect(uneven.outputHeight == 3 && uneven.outputWidth == 3 && uneven.outputCount == 18)
  }

  static let impossible: [(Int, Int, Window)] = [
    (4, 4, Window(kernel: 5, stride: 1)), (4, 4, Window(kernel: 0, stride: 1)), (4, 4, Window(kernel: 2, stride: 0)),
    (4, 4, Window(kernel: 2, stride: -1)), (4, 4, Window(kernel: 2, stride: 1, padding: .all(2))),
    (4, 4, Window(kernel: 2, stride: 1, padding: .all(-1))), (0, 4, Window(kernel: 1, stride: 1)),
    (Int.max, Int.max, Window(kernel: 1, stride: 1)), (4, 4, Window(kernel: Int.max, stride: 1)),
    (4, 4, Window(kernel: 2, stride: Int.max)),
    (1 << 19, 1 << 19, Window(kernel: 1 << 20, stride: 1, padding: .all((1 << 20) - 1))),
  ]

  @Test(arguments: impossible.indices) func refuses(_ index: Int) {
    let (height, width, window) = Self.impossible[index]
    #expect(throws: TensorError.self) {
      try WindowGeometry(channels: 1, height: height, width: width, window: window)
    }
  }

  @Test func everyWindowSeesTheImage() {
    var numbers = Numbers(seed: 3)
    for _ in 0..<300 {
      let geometry = numbers.geometry(channels: 1)
      for position in 0..<geometry.positions { #expect(geometry.pixelsSeen(from: position) >= 1) }
    }
  }

  @Test func refusesHugePatchMatrices() {
    #expect(throws: TensorError.self) {
      try ConvolutionGeometry(
        channels: 1 << 10, height: 1 << 12, width: 1 << 12, outputChannels: 1,
        window: Window(kernel: 1 << 10, stride: 1))
    }
  }
}

@Suite struct ArenaTests {
  @Test func regionsAreApartAlignedAndZero() throws {
    var layout = ArenaLayout()
    let a: ArenaRegion<Float> = try layout.reserve(3)
    let b: ArenaRegion<UInt16> = try layout.reserve(5)
    let c: ArenaRegion<Double> = try layout.reserve(0)
    let d: ArenaRegion<Double> = try layout.reserve(9)
    let arena = try Arena(layout)
    #expect(arena[c].isEmpty)
    #expect(arena[a].allSatisfy { $0 == 0 } && arena[d].allSatisfy { $0 == 0 })
    arena[a].update(repeating: 1)
    arena[b].update(repeating: 2)
    arena[d].update(repeating: 3)
    #expect(Array(arena[a]) == [1, 1, 1] && arena[b].allSatisfy { $0 == 2 } && arena[d].allSatisfy { $0 == 3 })
    for address in [UInt(bitPattern: arena[a].baseAddress), UInt(bitPattern: arena[d].baseAddress)] {
      #expect(address % 64 == 0)
    }
  }

  @Test func refusesTooMuch() {
    var layout = ArenaLayout()
    #expect(throws: TensorError.self) { try layout.reserve(Int.max, of: Float.self) }
    #expect(throws: TensorError.self) { try layout.reserve(-1, of: Float.self) }
    #expect(throws: TensorError.self) {
      for _ in 0..<100 { _ = try layout.reserve(1 << 40, of: Float.self) }
    }
  }
}

@Suite struct WorkerPoolTests {
  @Test func sharesCoverEverythingOnce() {
    for count in 0...40 {
      for members in 1...5 {
        for unit in [1, 4, 16] {
          let shares = (0..<members).map { WorkerPool.share(of: count, member: $0, members: members, unit: unit) }
          #expect(shares.flatMap { Array($0) } == Array(0..<count))
          #expect(shares.allSatisfy { $0.lowerBound % unit == 0 || $0.isEmpty })
        }
      }
    }
  }

  @Test func runsEveryMemberOnceEachTime() throws {
    for members in [1, 2, 5] {
      let pool = try WorkerPool(members: members)
      let counts = UnsafeMutableBufferPointer<Int>.allocate(capacity: members)
      defer { counts.deallocate() }
      counts.initialize(repeating: 0)
      for _ in 0..<200 { pool.run { counts[$0] += 1 } }
      #expect(counts.allSatisfy { $0 == 200 })
    }
  }
}
