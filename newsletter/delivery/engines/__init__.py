"""Who runs the couriers."""
