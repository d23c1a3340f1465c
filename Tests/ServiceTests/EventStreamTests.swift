import Foundation
import Ledger
import TestSupport
import Testing

@Suite struct EventStreamTests {
  /// A message of a stream.
  struct Message: Equatable {
    var id = ""
    var event = ""
    var data = ""
  }

  /// Reads messages until one has this event or the stream ends.
  private func read(_ client: TestClient, until event: String) throws -> [Message] {
    var messages: [Message] = []
    var text = ""
    while let chunk = try client.readChunk() {
      text += String(decoding: chunk, as: UTF8.self)
      while let end = text.range(of: "\n\n") {
        var message = Message()
        for line in text[..<end.lowerBound].split(separator: "\n") {
          let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
          switch parts.first {
          case "id": message.id = parts[1]
          case "event": message.event = parts[1]
          case "data": message.data = parts[1]
          default: continue
          }
        }
        text.removeSubrange(..<end.upperBound)
        if !message.id.isEmpty { messages.append(message) }
        if message.event == event { return messages }
      }
    }
    return messages
  }

  private func open(_ live: LiveService, _ job: JobFixture, after id: String? = nil) throws -> TestClient {
    let client = try live.client()
    let headers = [("Accept", "text/event-stream")] + (id.map { [("Last-Event-ID", $0)] } ?? [])
    try client.write("GET", "/v1/jobs/\(job.id)/events", headers, body: nil)
    return client
  }

  private func quickly(_ body: @escaping @Sendable (LiveService) throws -> Void) async throws {
    try await withService(configure: { $0.eventPollInterval = .milliseconds(20) }, body)
  }

  @Test func eventsArriveAsTheyHappenAndTheStreamEndsWithTheJob() async throws {
    try await quickly { live in
      let job = try JobFixture(live)
      let client = try open(live, job)
      let (status, headers) = try client.readHead()
      #expect(status == 200)
      #expect(headers.first { $0.name == "Content-Type" }?.value == "text/event-stream")
      #expect(try read(client, until: "queued").map(\.event) == ["queued"])
      try job.claim()
      #expect(try read(client, until: "running").map(\.event) == ["running"])
      try job.commit()
      let committed = try read(client, until: "committed")
      #expect(JSON(Array(committed[0].data.utf8))["data"]["step"].number == Double(job.steps))
      try job.finish()
      #expect(try read(client, until: "nothing").map(\.event) == ["succeeded"])
    }
  }

  @Test func aClientGoesOnAfterTheLastEventItHas() async throws {
    try await quickly { live in
      let job = try JobFixture(live)
      try job.claim()
      try job.commit()
      try job.finish()
      let all = try open(live, job)
      _ = try all.readHead()
      let messages = try read(all, until: "nothing")
      #expect(messages.map(\.event) == ["queued", "running", "committed", "succeeded"])
      #expect(messages.map(\.id) == ["1", "2", "3", "4"])
      let rest = try open(live, job, after: "2")
      _ = try rest.readHead()
      #expect(try read(rest, until: "nothing") == Array(messages.dropFirst(2)))
      // 204 tells a browser that there is nothing to connect to again.
      #expect(try open(live, job, after: "4").readHead().status == 204)
    }
  }

  @Test func theListAndTheStreamSayTheSame() async throws {
    try await quickly { live in
      let job = try JobFixture(live)
      try job.claim()
      try job.commit()
      try job.finish()
      let stream = try open(live, job)
      _ = try stream.readHead()
      let messages = try read(stream, until: "nothing").map { JSON(Array($0.data.utf8)) }
      let list = try live.client().get("/v1/jobs/\(job.id)/events").json["data"].array
      #expect(messages == list)
    }
  }

  @Test func badRequestsForAStreamAreProblems() async throws {
    try await quickly { live in
      let job = try JobFixture(live)
      let client = try live.client()
      let accept = ("Accept", "text/event-stream")
      for id in ["x", "-1", "1.5", "99999999999999999999"] {
        let response = try client.get("/v1/jobs/\(job.id)/events", [accept, ("Last-Event-ID", id)])
        #expect(response.status == 422, "\(id)")
        #expect(response.json["errors"][0]["pointer"].string == "Last-Event-ID")
      }
      #expect(try client.get("/v1/jobs/job_none/events", [accept]).status == 404)
      #expect(try client.get("/v1/jobs/bud_none/events", [accept]).status == 404)
      #expect(try client.send("HEAD", "/v1/jobs/\(job.id)/events", [accept]).status == 200)
    }
  }

  @Test func streamsAreBoundedAndAPlaceIsGivenBack() async throws {
    try await withService(configure: {
      $0.eventPollInterval = .milliseconds(20)
      $0.eventStreamLimit = 1
    }) { live in
      let job = try JobFixture(live)
      var first: TestClient? = try open(live, job)
      #expect(try first?.readHead().status == 200)
      let refused = try live.client().get("/v1/jobs/\(job.id)/events", [("Accept", "text/event-stream")])
      #expect(refused.status == 503)
      #expect(refused["Retry-After"] == "10")
      first = nil
      // The server sees the closed connection when it next writes or polls.
      try job.claim()
      var status = 503
      for _ in 0..<200 where status == 503 {
        status = try open(live, job).readHead().status
        Thread.sleep(forTimeInterval: 0.02)
      }
      #expect(status == 200)
    }
  }

  @Test func aQuietStreamShowsThatItLives() async throws {
    try await withService(configure: {
      $0.eventPollInterval = .milliseconds(10)
      $0.eventHeartbeatInterval = .milliseconds(50)
    }) { live in
      let client = try open(live, try JobFixture(live))
      _ = try client.readHead()
      var text = ""
      while !text.contains(": still here"), let chunk = try client.readChunk() {
        text += String(decoding: chunk, as: UTF8.self)
      }
      #expect(text.contains(": still here\n\n"))
    }
  }
}
