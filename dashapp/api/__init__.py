"""The scoring API: sessions in, probabilities out. XGBoost is imported by the first request that scores."""
