import Glibc

/// The privacy profile ε ↦ δ(ε) of a mechanism at a list of ε, as certified intervals.
///
/// As a function of x = e^ε the profile is the hockey-stick divergence: convex and falling, for each direction and hence for
/// their maximum. So between two points it lies on or below the chord, and on or above the lines through the two points before and
/// the two after.
public struct SampledProfile: Hashable, Sendable {
  public struct Point: Hashable, Sendable {
    /// ≥ 0.
    public var epsilon: Double
    /// Bounds of the least δ, in [0, 1].
    public var lower: Double
    public var upper: Double

    /// `upper` less 2⁻⁵⁰ of it, a part of the floor: a δ that was rounded up to 1 would be matched by no μ.
    var matchedUpper: Double { upper * (1 - 0x1p-50) }
  }

  /// ε increasing, the first 0; at the last `upper` is at most `floor`.
  public private(set) var points: [Point] = []
  /// The δ down to which the profile was followed.
  public let floor: Double

  package typealias Profile = (Double) throws(AccountingError) -> DeltaBracket

  /// The most points that refinement makes.
  static let pointLimit = 512
  /// The same where a point takes tens of milliseconds. With fewer points all bounds hold and are a little further apart.
  static let costlyPointLimit = 64

  /// Follows a profile from ε = 0 until δ is at most `floor`.
  /// - Parameters:
  ///   - floor: in [1e-15, 1); 1e-10 is far below what any attack can use.
  ///   - epsilonAtFloor: an upper bound of the least ε at δ = `floor`.
  ///   - cells: ≥ 1; into as many equal parts is the range of ε cut.
  ///   - profile: ε to the interval of the least δ.
  /// - Throws: what `profile` throws, and `notCertified` where `epsilonAtFloor` is infinite.
  package init(
    floor: Double, epsilonAtFloor: Double, cells: Int = 64, profile: Profile
  ) throws(AccountingError) {
    try Domain.require(floor >= 1e-15 && floor < 1, "floor", floor, "must lie in [1e-15, 1)")
    guard epsilonAtFloor < .infinity else {
      throw .notCertified(
        reason: "no finite epsilon holds at delta = \(floor), so there is no trade-off to follow",
        alternative: "ask for the delta of a single epsilon")
    }
    self.floor = floor
    let count = epsilonAtFloor > 0 ? cells : 0
    for index in 0...count {
      let epsilon = count == 0 ? 0 : epsilonAtFloor * (Double(index) / Double(count))
      points.append(try SampledProfile.point(epsilon, profile))
    }
    makeMonotone()
  }

  /// Adds the middle of every cell (i, i + 1) that is named.
  package mutating func bisect(cells: [Int], _ profile: Profile) throws(AccountingError) {
    for cell in cells.sorted(by: >) {
      let middle = points[cell].epsilon + (points[cell + 1].epsilon - points[cell].epsilon) / 2
      guard middle > points[cell].epsilon, middle < points[cell + 1].epsilon else { continue }
      points.insert(try SampledProfile.point(middle, profile), at: cell + 1)
    }
    makeMonotone()
  }

  private static func point(_ epsilon: Double, _ profile: Profile) throws(AccountingError) -> Point {
    let bracket = try profile(epsilon)
    return Point(epsilon: epsilon, lower: min(bracket.lower ?? 0, bracket.upper), upper: bracket.upper)
  }

  /// The curve falls, so every bound holds for the neighbours on its one side as well.
  private mutating func makeMonotone() {
    for index in points.indices.dropFirst() { points[index].upper = min(points[index].upper, points[index - 1].upper) }
    for index in points.indices.dropLast().reversed() {
      points[index].lower = max(points[index].lower, points[index + 1].lower)
    }
    for index in points.indices { points[index].lower = min(points[index].lower, points[index].upper) }
  }
}

extension SampledProfile {
  /// The tight profile of an event, with points added until `GaussianGuarantee` is close.
  /// - Throws: what `TightAccountant` throws, and `notCertified` where no finite ε holds at `floor`.
  public init(_ accountant: TightAccountant, floor: Double = 1e-10) throws(AccountingError) {
    let limit = accountant.isQuick ? SampledProfile.pointLimit : SampledProfile.costlyPointLimit
    try self.init(refining: floor, epsilonAtFloor: try accountant.epsilon(delta: floor).upper, points: limit) {
      epsilon throws(AccountingError) in try accountant.profilePoint(epsilon: epsilon)
    }
  }

  package init(
    refining floor: Double, epsilonAtFloor: Double, points limit: Int = SampledProfile.pointLimit, profile: Profile
  ) throws(AccountingError) {
    try self.init(
      floor: floor, epsilonAtFloor: epsilonAtFloor, cells: limit == SampledProfile.pointLimit ? 64 : 32,
      profile: profile)
    while points.count < limit {
      let loose = GaussianGuarantee.looseCells(self)
      if loose.isEmpty { return }
      try bisect(cells: loose, profile)
    }
  }
}
