import Foundation

/// This process's resident memory, as the kernel counts it (proc_pid_status(5)).
enum ProcessMemory {
  /// Forgets what went before (proc_pid_clear_refs(5): 5 resets the mark to what is resident now).
  static func resetPeak() throws {
    try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
  }

  /// The high-water mark.
  static func peakKilobytes() throws -> Double { try kilobytes("VmHWM:") }

  static func residentKilobytes() throws -> Double { try kilobytes("VmRSS:") }

  private static func kilobytes(_ field: String) throws -> Double {
    let status = try String(contentsOf: URL(fileURLWithPath: "/proc/self/status"), encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix(field) }
    guard let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap({ Double($0) }) else {
      throw CommandError("/proc/self/status does not state \(field)")
    }
    return kilobytes
  }
}
