import HTTPServer

/// How the service is set up. Every default is meant for production on one machine.
public struct ServiceConfiguration: Sendable {
  /// Where it listens, and the bounds on what clients may send.
  public var http: HTTPServerConfiguration
  /// Shown by `/v1/version`.
  public var version: String
  /// The artifacts of a job are files in the folder of its id in here.
  public var artifactFolder: String
  /// Where the files of datasets may lie; nothing outside is ever opened. Folders of datasets that are known by name need not be
  /// among them.
  public var dataFolders: [String]
  /// Asks nobody for a token. Taken only where `http.host` is loopback, and then for requests to this machine's own names.
  public var isAuthenticationDisabled = false

  /// Threads for calculators, which may compute for seconds.
  public var calculatorThreads = 2
  /// Threads for everything that reads or writes the store. Apart from the others, so that what-if questions never keep a
  /// charge waiting.
  public var storeThreads = 4
  /// How many requests may wait for either kind of thread; one more is answered with 503.
  public var queueLimit = 512
  /// Streams of job events open at once; one more is answered with 503.
  public var eventStreamLimit = 256
  /// How often an open stream looks for new events: workers are other processes, so the store is where they show.
  public var eventPollInterval: Duration = .milliseconds(500)
  /// A comment this often keeps proxies from closing a quiet stream.
  public var eventHeartbeatInterval: Duration = .seconds(15)
  /// Where Debian's libjs-chart.js puts the charting library.
  public var chartLibraryPath = "/usr/share/javascript/chart.js/chart.min.js"

  public init(
    http: HTTPServerConfiguration = .init(), version: String, artifactFolder: String, dataFolders: [String]
  ) {
    self.http = http
    self.version = version
    self.artifactFolder = artifactFolder
    self.dataFolders = dataFolders
  }
}
