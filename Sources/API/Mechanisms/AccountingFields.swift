import Accounting

/// What is asked of the accountant beside the mechanism itself.
struct AccountingChoices {
  var relation: NeighboringRelation
  /// As the caller spells it.
  var adjacency: String
  var accountant: AccountantChoice
  /// nil: the order is optimised continuously.
  var orders: [Double]?

  /// Orders beyond this many are refused: each costs a curve evaluation and none adds to 155 of them.
  static let orderLimit = 2_000
  /// Beyond it the conversion to (ε, δ) gains nothing and powers overflow.
  static let largestOrder = 1e6
  /// The closest to 1 that differences of orders are still exact enough.
  static let smallestOrder = 1.0001

  /// What a question fixes by itself.
  init(relation: NeighboringRelation, accountant: AccountantChoice) {
    self.relation = relation
    self.accountant = accountant
    adjacency = Self.word(for: relation)
  }

  /// Reads `adjacency`, `accountant`, `orders`; nil where one is bad or refused.
  init?(_ fields: FieldReader, isEvent: Bool, defaultRelation: NeighboringRelation = .addOrRemoveOne) {
    let adjacencies = Self.adjacencies.filter { isEvent || $0.word != "replace_special" }
    let relation = fields.optionalChoice("adjacency", adjacencies) ?? defaultRelation
    let accountant = fields.optionalChoice("accountant", choices(AccountantChoice.self)) ?? .auto
    let orders = fields.optionalNumbers("orders", count: 1...Self.orderLimit, .above(1, through: Self.largestOrder))
    if fields.has("orders"), orders == nil { return nil }
    if orders != nil, !accountant.takesOrders {
      fields.add(
        "orders", "orders are Rényi orders, which \(accountant.rawValue) does not have; leave them out, or send rdp.")
      return nil
    }
    self.relation = relation
    self.accountant = orders == nil ? accountant : .rdp
    self.orders = orders
    adjacency = Self.word(for: relation, isEvent: isEvent)
  }

  static let adjacencies: [(word: String, value: NeighboringRelation)] = [
    ("add_or_remove_one", .addOrRemoveOne), ("replace_one", .replaceOne), ("zero_out", .replaceSpecial),
    ("replace_special", .replaceSpecial),
  ]

  static func word(for relation: NeighboringRelation, isEvent: Bool = false) -> String {
    switch relation {
    case .addOrRemoveOne: "add_or_remove_one"
    case .replaceOne: "replace_one"
    case .replaceSpecial: isEvent ? "replace_special" : "zero_out"
    }
  }

  /// The relation that a stored word means.
  static func relation(_ word: JSONValue?) -> NeighboringRelation? {
    adjacencies.first { .string($0.word) == word }?.value
  }

  /// The relation in words.
  var assumption: String {
    switch relation {
    case .addOrRemoveOne: "Neighboring datasets differ by one example that is added or removed."
    case .replaceOne:
      "Neighboring datasets differ by one example that is replaced by any other: the clipped sum moves by up to twice the "
        + "clipping norm, and noise_multiplier stays the noise over one clipping norm."
    case .replaceSpecial:
      "Neighboring datasets differ by one example whose contribution is replaced by zero; their size is the same."
    }
  }
}
