/// A row in the contract's spelling.
extension GoldenRow {
  /// The hyperparameters of a DP-SGD run.
  var run: Body {
    let sampling: Body =
      inputs["sampling_probability"].isNull
      ? [("sampling", #""full_batch""#)] : Body([("sample_rate", inputs["sampling_probability"])])
    return Body([("noise_multiplier", inputs["noise_multiplier"]), ("steps", inputs["steps"])]) + sampling
  }

  /// One step of that run.
  var step: Body {
    Body([("noise_multiplier", inputs["noise_multiplier"]), ("sample_rate", inputs["sampling_probability"])])
      + [("steps", "1")]
  }

  var orders: Body { Body([("orders", inputs["orders"])]) }
  var delta: Body { Body([("delta", inputs["delta"])]) }
  var epsilon: Body { Body([("epsilon", inputs["epsilon"])]) }

  var adjacency: Body {
    guard let relation = inputs["neighboring_relation"].string, relation.allSatisfy({ $0.isUppercase || $0 == "_" })
    else { return [] }
    return [("adjacency", "\"\(relation.lowercased())\"")]
  }

  static func event(_ text: String) -> Body { [("event", text)] }

  static func repeated(_ event: String, _ count: JSON) -> String {
    count.isNull ? event : #"{"type":"self_composed","count":\#(count),"event":\#(event)}"#
  }

  static func gaussian(_ noise: JSON) -> String { #"{"type":"gaussian","noise_multiplier":\#(noise)}"# }

  static func sampledGaussian(_ probability: JSON, _ noise: JSON) -> String {
    #"{"type":"poisson_sampled","sampling_probability":\#(probability),"event":\#(gaussian(noise))}"#
  }

  /// An entry of `events`, in the peer's spelling.
  static func entry(_ entry: JSON) -> String {
    let noise = entry["noise_multiplier"]
    let one =
      switch entry["type"].string {
      case "Laplace": #"{"type":"laplace","noise_multiplier":\#(noise)}"#
      case "PoissonSampledGaussian": sampledGaussian(entry["sampling_probability"], noise)
      default: gaussian(noise)
      }
    return repeated(one, entry["count"])
  }

  /// The members of `names`, as they are, with a type.
  func event(type: String, _ names: String...) -> String {
    (Body([]) + [("type", "\"\(type)\"")] + Body(names.map { ($0, inputs[$0]) })).text
  }
}
