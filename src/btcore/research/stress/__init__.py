"""`ladder`: what each cost and limit of a run takes from its result, and stresses of what is left."""
