import CKernels
import Glibc
import Planning

/// One step of an optimizer with the constants of that step, for a stretch of parameters at a time: torch.optim's
/// formulas in float32, the constants computed in float64.
struct ParameterStep {
  private enum Kernel {
    case descent(rate: Float)
    case momentum(rate: Float, Float, isNesterov: Bool)
    case adam(noise_adam)
    case adagrad(rate: Float, epsilon: Float)
    case rmsProp(rate: Float, share: Float, epsilon: Float)
  }

  private let kernel: Kernel
  /// λ, added to the gradient as λ·w.
  private let decay: Float
  /// What the parameters are multiplied with first: 1 − η·λ where decay is decoupled.
  private let shrinkage: Float

  /// - Parameters:
  ///   - rate: η at this step.
  ///   - step: from 0.
  init(_ optimizer: OptimizerSpecification, rate: Double, step: Int) {
    switch optimizer.rule {
    case .sgd(momentum: 0, _): kernel = .descent(rate: Float(rate))
    case .sgd(let momentum, let isNesterov):
      kernel = .momentum(rate: Float(rate), Float(momentum), isNesterov: isNesterov)
    case .adam(let moments), .adamW(let moments): kernel = .adam(noise_adam(moments, rate: rate, step: step))
    case .adagrad(let epsilon): kernel = .adagrad(rate: Float(rate), epsilon: Float(epsilon))
    case .rmsProp(let decay, let epsilon):
      kernel = .rmsProp(rate: Float(rate), share: Float(1 - decay), epsilon: Float(epsilon))
    }
    if case .adamW = optimizer.rule {
      (decay, shrinkage) = (0, Float(1 - rate * optimizer.weightDecay))
    } else {
      (decay, shrinkage) = (Float(optimizer.weightDecay), 1)
    }
  }

  /// Moves `count` parameters.
  /// - Parameters:
  ///   - gradient: overwritten.
  ///   - memory: the optimizer's buffers at these parameters; nil beyond the number that the rule has.
  func apply(
    count: Int, gradient: UnsafeMutablePointer<Float>, parameters: UnsafeMutablePointer<Float>,
    memory: (UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?)
  ) {
    if decay != 0 { noise_add_decay(count, decay, parameters, gradient) }
    if shrinkage != 1 { noise_shrink(count, shrinkage, parameters) }
    switch (kernel, memory.0, memory.1) {
    case (.descent(let rate), _, _): noise_update_sgd(count, gradient, rate, parameters)
    case (.momentum(let rate, let momentum, let isNesterov), let velocity?, _):
      noise_update_momentum(count, gradient, rate, momentum, isNesterov ? 1 : 0, velocity, parameters)
    case (.adam(let constants), let first?, let second?):
      noise_update_adam(count, gradient, constants, first, second, parameters)
    case (.adagrad(let rate, let epsilon), let squares?, _):
      noise_update_adagrad(count, gradient, rate, epsilon, squares, parameters)
    case (.rmsProp(let rate, let share, let epsilon), let squares?, _):
      noise_update_rmsprop(count, gradient, rate, share, epsilon, squares, parameters)
    default: preconditionFailure("a rule comes with the buffers it needs")
    }
  }
}

extension noise_adam {
  fileprivate init(_ moments: MomentEstimates, rate: Double, step: Int) {
    let t = Double(step) + 1
    self.init(
      rate: Float(rate / (1 - pow(moments.beta1, t))), first_share: Float(1 - moments.beta1),
      second_share: Float(1 - moments.beta2), second_scale: Float(1 / (1 - pow(moments.beta2, t)).squareRoot()),
      epsilon: Float(moments.epsilon))
  }
}

extension UpdateRule {
  /// What each buffer of its memory is called in a checkpoint.
  var memoryNames: [String] {
    switch self {
    case .sgd(momentum: 0, _): []
    case .sgd: ["velocity"]
    case .adam, .adamW: ["first_moment", "second_moment"]
    case .adagrad: ["sum_of_squares"]
    case .rmsProp: ["mean_of_squares"]
    }
  }
}
