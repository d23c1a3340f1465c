import Planning

/// `GET /v1/presets`: the networks that are known by name, and how to train them.
struct ListPresets: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    try call.refuseQuery()
    let presets = ModelPreset.allCases.map { preset in
      JSONValue.object([
        .init("name", .string(preset.rawValue)), .init("summary", .string(preset.summary)),
        .init("training", preset.recommendedTraining.map { JSONValue($0.members) } ?? .null),
      ])
    }
    return APIResponse(json: .object([.init("data", .array(presets))]))
  }
}
