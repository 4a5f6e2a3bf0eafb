"""What train.py, evaluate.py and mlflow_config.py are made of."""
