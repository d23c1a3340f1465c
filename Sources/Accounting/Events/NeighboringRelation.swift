/// Which two datasets an observer must not be able to tell apart.
///
/// The noise multiplier of an additive mechanism is always the scale of the noise over the bound on one record's
/// contribution (its clipping norm). The relation then decides how far one record can move the sum.
public enum NeighboringRelation: String, Hashable, Sendable, CaseIterable {
  /// One record is added or removed. Both directions count: every bound holds for the worse of the two.
  case addOrRemoveOne = "add_or_remove_one"
  /// One record becomes another. The sum moves by up to twice the clipping norm, so noise counts half.
  case replaceOne = "replace_one"
  /// One record becomes a special one that contributes nothing (the "zero-out" relation, arXiv:2103.00039v3,
  /// Definition 1.1). Additive mechanisms behave as under add-or-remove-one.
  case replaceSpecial = "replace_special"
}
