import COpenSSL
import NeuralNetworks
import Planning

/// The identity of what a run does to its data: SHA-256, in hexadecimal, of the plan in a fixed spelling. A checkpoint
/// carries it, so that one run's state is never continued under another run's promises.
///
/// Values are spelt by Swift's own description, which shows every stored property: one that is added to a specification
/// enters without anybody thinking of it. Doubles print as the shortest decimals that read back, so two print alike only if
/// equal. Left out is what changes neither the guarantee nor the mathematics: the physical batch size, how gradients are
/// formed, and the evaluation set.
package func planDigest(_ plan: TrainingPlan, _ network: Network) throws(RandomnessError) -> String {
  var lines = ["epsilond training plan 2", "\(plan.dataset)", "\(plan.sampling) \(plan.steps)"]
  lines.append("\(plan.optimizer) \(plan.schedule)")
  lines.append("average \(plan.averageDecay.map { "\($0)" } ?? "none")")
  lines.append(plan.mechanism.map { "\($0)" } ?? "not private")
  lines.append("\(network.inputShape) \(network.loss)")
  lines += network.nodes.map { "\($0)" }
  lines += plan.architecture.parameters.map { "\($0)" }
  let text = Array(lines.joined(separator: "\n").utf8)
  var digest = [UInt8](repeating: 0, count: Int(openssl_sha256_size))
  guard openssl_sha256(text, text.count, &digest) else { throw .cipherUnavailable }
  return digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}
