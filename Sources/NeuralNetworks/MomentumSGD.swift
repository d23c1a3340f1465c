import CKernels

/// Stochastic gradient descent with heavy-ball momentum, as torch.optim.SGD without dampening or Nesterov:
/// v ← μ v + s g, p ← p − η v.
public struct MomentumSGD: Hashable, Sendable {
  /// η.
  public var learningRate: Float
  /// μ; 0 is plain gradient descent.
  public var momentum: Float

  public init(learningRate: Float, momentum: Float = 0) {
    self.learningRate = learningRate
    self.momentum = momentum
  }

  /// One step in one sweep over the parameters.
  /// - Parameters:
  ///   - gradient: a *sum* over examples, with its noise.
  ///   - scale: s; for DP-SGD one over the expected batch size, which is a public constant.
  ///   - velocity: v, as long as `parameters`; zeros before the first step. With momentum 0 it becomes s·g.
  public func update(parameters: inout [Float], gradient: [Float], scale: Float, velocity: inout [Float]) {
    let count = parameters.count
    precondition(gradient.count == count && velocity.count == count)
    ck_momentum_update(count, learningRate, momentum, scale, gradient, &velocity, &parameters)
  }
}
