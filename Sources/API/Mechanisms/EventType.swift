/// The types of the contract's table.
enum EventType: String, CaseIterable {
  case gaussian, laplace
  case discreteGaussian = "discrete_gaussian"
  case discreteLaplace = "discrete_laplace"
  case randomizedResponse = "randomized_response"
  case exponentialMechanism = "exponential_mechanism"
  case epsilonDelta = "epsilon_delta"
  case zcdp
  case poissonSampled = "poisson_sampled"
  case sampledWithoutReplacement = "sampled_without_replacement"
  case truncatedPoissonSampled = "truncated_poisson_sampled"
  case randomAllocation = "random_allocation"
  case mixtureOfGaussians = "mixture_of_gaussians"
  case treeAggregation = "tree_aggregation"
  case matrixFactorization = "matrix_factorization"
  case repeatAndSelect = "repeat_and_select"
  case composed
  case selfComposed = "self_composed"
  case noOp = "no_op"
  case nonPrivate = "non_private"
}
