import TestSupport
import Testing

@Suite struct StatementTests {
  // The figures that the TF Privacy tutorial's settings are known for.
  @Test func theTutorialsFiguresStandInTheStatement() async throws {
    try await withService { live in
      let response = try live.client().post(
        "/v1/statement",
        #"{"dataset_size": 60000, "batch_size": 32, "noise_multiplier": 0.5, "epochs": 1, "delta": 1e-5}"#)
      #expect(response.status == 200, "\(response.text)")
      let text = response.json["text"].string ?? ""
      #expect(text.contains("    Epsilon with each example occurring once per epoch:        10.726\n"))
      #expect(text.contains("    Epsilon assuming Poisson sampling (*):                      3.800\n"))
    }
  }

  @Test func everyStatementIsTFPrivacysToTheLetter() async throws {
    let rows = try GoldenRow.all().filter { $0.kind == "dpsgd_statement" && $0.inputs["accountant"].string == "RDP" }
    #expect(!rows.isEmpty)
    try await withService { live in
      let client = try live.client()
      for row in rows {
        let bound =
          row.inputs["max_examples_per_user"].isNull
          ? "" : #","max_examples_per_user":\#(row.inputs["max_examples_per_user"])"#
        let body =
          #"{"dataset_size":\#(row.inputs["number_of_examples"]),"batch_size":\#(row.inputs["batch_size"]),"#
          + #""noise_multiplier":\#(row.inputs["noise_multiplier"]),"epochs":\#(row.inputs["epochs"]),"#
          + #""delta":\#(row.inputs["delta"]),"used_microbatching":\#(row.inputs["used_microbatching"])\#(bound)}"#
        let response = try client.post("/v1/statement", body)
        #expect(response.status == 200, "\(row): \(response.text)")
        #expect(response.json["text"].string == row.expected["statement"].string, "\(row)")
      }
    }
  }
}
