import Glibc

/// What the numeric library of a process that trains must find in its environment before it is loaded.
enum WorkerEnvironment {
  /// libgomp's threads spin when idle; beside a server and other workers they must sleep.
  static func variables(threads: Int) -> [String: String] {
    ["OMP_NUM_THREADS": String(threads), "OMP_WAIT_POLICY": "passive", "OMP_DYNAMIC": "false"]
  }

  /// Starts this program again with the variables, unless they are there. libgomp reads them when it is loaded, which is
  /// before any line of ours runs, so setting them here would be too late.
  static func ensure(threads: Int) throws {
    let missing = variables(threads: threads).filter { name, _ in getenv(name) == nil }
    guard !missing.isEmpty, getenv(marker) == nil else { return }
    for (name, value) in missing { setenv(name, value, 1) }
    setenv(marker, "1", 1)
    var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
    execv("/proc/self/exe", &arguments)
    throw CommandError("the program could not be started again: \(String(cString: strerror(errno)))")
  }

  private static let marker = "EPSILOND_ENVIRONMENT_IS_SET"
}
