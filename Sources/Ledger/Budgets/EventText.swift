import Accounting

extension PrivacyEvent {
  /// The event's JSON in the spelling of the API's event table, without spaces, members in a fixed order, numbers in
  /// Swift's shortest form that reads back as the same double: one text for one event, fit for hashing.
  var ledgerText: String {
    switch self {
    case .noOp: #"{"type":"no_op"}"#
    case .nonPrivate: #"{"type":"non_private"}"#
    case .gaussian(let multiplier): #"{"type":"gaussian","noise_multiplier":\#(multiplier)}"#
    case .laplace(let multiplier): #"{"type":"laplace","noise_multiplier":\#(multiplier)}"#
    case .randomizedResponse(let parameter, let buckets):
      #"{"type":"randomized_response","noise_parameter":\#(parameter),"num_buckets":\#(buckets)}"#
    case .zeroConcentrated(let rho, let xi): #"{"type":"zcdp","rho":\#(rho),"xi":\#(xi)}"#
    case .epsilonDelta(let epsilon, let delta):
      #"{"type":"epsilon_delta","epsilon":\#(epsilon),"delta":\#(delta)}"#
    case .poissonSampled(let probability, let event):
      #"{"type":"poisson_sampled","sampling_probability":\#(probability),"event":\#(event.ledgerText)}"#
    case .composed(let events):
      #"{"type":"composed","events":[\#(events.map(\.ledgerText).joined(separator: ","))]}"#
    case .selfComposed(let event, let count):
      #"{"type":"self_composed","count":\#(count),"event":\#(event.ledgerText)}"#
    }
  }
}
