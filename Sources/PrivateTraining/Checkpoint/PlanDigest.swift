import COpenSSL
import Planning

/// The identity of what a run does to its data: SHA-256, in hexadecimal, of the plan in a fixed spelling. A checkpoint
/// carries it, so that one run's state is never continued under another run's promises.
///
/// Left out is what changes neither the guarantee nor the mathematics: the physical batch size and the evaluation set.
package func planDigest(_ plan: TrainingPlan) throws(RandomnessError) -> String {
  let dataset = plan.dataset
  var lines = [
    "epsilond training plan 1",
    "dataset \(dataset.reference.utf8.count) \(dataset.reference) \(dataset.exampleCount) public \(dataset.isPublic)",
    "input \(plan.architecture.input.dimensions) classes \(plan.architecture.classCount)",
    "poisson \(plan.sampling.expectedBatchSize)/\(plan.sampling.datasetSize) steps \(plan.steps)",
    "\(plan.optimizer.type.rawValue) \(plan.optimizer.learningRate) \(plan.optimizer.momentum)",
  ]
  if let mechanism = plan.mechanism {
    // Swift prints the shortest decimal that reads back as the same double: two numbers print alike only if equal.
    lines.append(
      "gaussian \(mechanism.clippingNorm) \(mechanism.noiseMultiplier) \(mechanism.adjacency.rawValue) \(mechanism.delta)"
    )
  } else {
    lines.append("not private")
  }
  lines += plan.architecture.torchModules
  let text = Array(lines.joined(separator: "\n").utf8)
  var digest = [UInt8](repeating: 0, count: Int(openssl_sha256_size))
  guard openssl_sha256(text, text.count, &digest) else { throw .cipherUnavailable }
  return digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}
