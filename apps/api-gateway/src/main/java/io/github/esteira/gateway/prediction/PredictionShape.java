package io.github.esteira.gateway.prediction;

import io.github.esteira.gateway.problem.Problem;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

import org.springframework.http.HttpStatus;

/**
 * Checks that a body has the shape {@code {"instances": [[5.1, 3.5], ...]}}: at least one row, each
 * of finite numbers, all rows of the same length.
 *
 * <p>Only the shape: how many numbers a row needs and what they mean is for the model to say, and
 * members beside {@code instances} are left to the inference service. The body is read as a stream
 * of tokens, because a tree of it would take many times its size.
 */
final class PredictionShape {

	private static final JsonFactory JSON = JsonFactory.builder()
		.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
		.build();

	private final int maxInstances;

	PredictionShape(int maxInstances) {
		this.maxInstances = maxInstances;
	}

	/**
	 * @throws Problem 400 when the body is not JSON, 422 when it is JSON of another shape
	 */
	void check(byte[] body) {
		try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), body)) {
			checkDocument(parser);
		}
		catch (JacksonException malformed) {
			throw new Problem(HttpStatus.BAD_REQUEST, "malformed-json",
					"The body is not well-formed JSON" + place(malformed.getLocation()) + ".", malformed);
		}
	}

	/** Limits of the parser, on nesting for instance, come without a place. */
	private static String place(@Nullable TokenStreamLocation location) {
		return location == null ? ""
				: ": error at line %d, column %d".formatted(location.getLineNr(), location.getColumnNr());
	}

	private void checkDocument(JsonParser parser) {
		expect(parser.nextToken() == JsonToken.START_OBJECT, parser, "The body must be a JSON object.");
		boolean found = false;
		while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
			boolean instances = "instances".equals(parser.currentName());
			parser.nextToken();
			if (instances) {
				checkInstances(parser);
				found = true;
			}
			else {
				parser.skipChildren();
			}
		}
		expect(found, parser, "The member \"instances\" is missing.");
		expect(parser.nextToken() == null, parser, "Nothing may follow the JSON object.");
	}

	private void checkInstances(JsonParser parser) {
		expect(parser.currentToken() == JsonToken.START_ARRAY, parser, "\"instances\" must be an array of rows.");
		int rows = 0;
		int width = 0;
		while (parser.nextToken() != JsonToken.END_ARRAY) {
			expect(rows < this.maxInstances, parser, "At most " + this.maxInstances + " rows are allowed.");
			int length = checkRow(parser);
			expect(rows == 0 || length == width, parser, "All rows must have the same length.");
			width = length;
			rows++;
		}
		expect(rows > 0, parser, "\"instances\" must have at least one row.");
	}

	/** Returns the row's length. */
	private static int checkRow(JsonParser parser) {
		expect(parser.currentToken() == JsonToken.START_ARRAY, parser, "A row must be an array of numbers.");
		int length = 0;
		while (parser.nextToken() != JsonToken.END_ARRAY) {
			expect(isFiniteNumber(parser), parser, "Every value must be a finite number.");
			length++;
		}
		expect(length > 0, parser, "A row must have at least one number.");
		return length;
	}

	private static boolean isFiniteNumber(JsonParser parser) {
		return parser.currentToken().isNumeric() && Double.isFinite(parser.getDoubleValue());
	}

	private static void expect(boolean condition, JsonParser parser, String otherwise) {
		if (!condition) {
			throw new Problem(HttpStatus.UNPROCESSABLE_CONTENT, "wrong-shape", otherwise)
				.pointer(parser.streamReadContext().pathAsPointer().toString());
		}
	}

}
