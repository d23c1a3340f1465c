import Glibc

public typealias Floats = UnsafeBufferPointer<Float>
public typealias MutableFloats = UnsafeMutableBufferPointer<Float>
public typealias MutableDoubles = UnsafeMutableBufferPointer<Double>

/// A place for `count` elements in an arena that is not allocated yet.
public struct ArenaRegion<Element>: Sendable {
  let byteOffset: Int
  public let count: Int
}

/// Adds up what a computation needs, so that all of it is allocated at once. Regions never overlap and begin on cache
/// lines (64 bytes, which is also the widest vector).
public struct ArenaLayout: Sendable {
  public private(set) var byteCount = 0

  public init() {}

  /// - Throws: `TensorError.tooLarge` when the total is out of range.
  public mutating func reserve<Element: BitwiseCopyable>(
    _ count: Int, of type: Element.Type = Element.self
  ) throws(TensorError) -> ArenaRegion<Element> {
    guard count >= 0, count <= maximumElementCount else { throw .tooLarge([count]) }
    let bytes = (count * MemoryLayout<Element>.stride + 63) & ~63
    let region = ArenaRegion<Element>(byteOffset: byteCount, count: count)
    let (total, overflow) = byteCount.addingReportingOverflow(bytes)
    guard !overflow, total <= maximumElementCount * 8 else { throw .tooLarge([byteCount, bytes]) }
    byteCount = total
    return region
  }
}

/// One zero-filled allocation that holds every buffer of a computation; nothing is allocated per step.
///
/// It comes from the system in whole pages, which are there only once they are written, and goes back at the end.
public final class Arena {
  public let byteCount: Int
  private let base: UnsafeMutableRawPointer

  /// - Throws: `TensorError.outOfMemory`.
  public init(_ layout: ArenaLayout) throws(TensorError) {
    byteCount = max(layout.byteCount, 64)
    let pages = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pages, pages != MAP_FAILED else { throw .outOfMemory(bytes: byteCount) }
    base = pages
    // A page fault, and an entry of the TLB, for 2 MiB instead of 4 KiB; where the system has no such pages, nothing changes.
    if byteCount >= 4 << 20 { madvise(base, byteCount, Int32(MADV_HUGEPAGE)) }
  }

  deinit { munmap(base, byteCount) }

  public subscript<Element: BitwiseCopyable>(region: ArenaRegion<Element>) -> UnsafeMutableBufferPointer<Element> {
    precondition(region.byteOffset + region.count * MemoryLayout<Element>.stride <= byteCount)
    let start = (base + region.byteOffset).bindMemory(to: Element.self, capacity: region.count)
    return UnsafeMutableBufferPointer(start: start, count: region.count)
  }
}

extension UnsafeMutableBufferPointer {
  /// `count` elements from `start`; checked in release builds too.
  package func slice(_ start: Int, _ count: Int) -> UnsafeMutableBufferPointer<Element> {
    precondition(start >= 0 && count >= 0 && start + count <= self.count)
    return UnsafeMutableBufferPointer(rebasing: self[start..<start + count])
  }
}

extension UnsafeBufferPointer {
  /// `count` elements from `start`; checked in release builds too.
  package func slice(_ start: Int, _ count: Int) -> UnsafeBufferPointer<Element> {
    precondition(start >= 0 && count >= 0 && start + count <= self.count)
    return UnsafeBufferPointer(rebasing: self[start..<start + count])
  }
}
