@main enum Epsilond { static func main() { print("epsilond") } }
