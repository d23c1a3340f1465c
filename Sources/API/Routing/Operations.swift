extension Route {
  /// What answers this route; nil for a page, which is the service's own.
  var operation: (any Operation)? {
    switch operationID {
    case "computeEpsilon": EpsilonCalculator()
    case "computeDelta": DeltaCalculator()
    case "findNoiseMultiplier": NoiseMultiplierCalculator()
    case "solve": SolveCalculator()
    case "computeRenyiCurve": RenyiCurveCalculator()
    case "writeStatement": StatementCalculator()
    case "computeFrontier": FrontierCalculator()
    case "writeReport": ReportCalculator()
    case "listBudgets": ListBudgets()
    case "createBudget": CreateBudget()
    case "getBudget": GetBudget()
    case "updateBudget": UpdateBudget()
    case "previewCharge": PreviewCharge()
    case "createCharge": CreateCharge()
    case "createReservation": CreateReservation()
    case "getReservation": GetReservation()
    case "commitReservation": CommitReservation()
    case "releaseReservation": ReleaseReservation()
    case "listLedgerEntries": ListLedgerEntries()
    case "listBudgetJobs": ListBudgetJobs()
    case "listDatasets": ListDatasets()
    case "createDataset": CreateDataset()
    case "getDataset": GetDataset()
    case "listPresets": ListPresets()
    case "listJobs": ListJobs()
    case "createJob": CreateJob()
    case "getJob": GetJob()
    case "cancelJob": MoveJob.cancel
    case "pauseJob": MoveJob.pause
    case "resumeJob": MoveJob.resume
    case "listJobEvents": ListJobEvents()
    case "listArtifacts": ListArtifacts()
    case "getArtifact": GetArtifact()
    case "getVersion": VersionOperation()
    case "getHealth": HealthOperation()
    case "getReadiness": ReadinessOperation()
    default: nil
    }
  }
}
