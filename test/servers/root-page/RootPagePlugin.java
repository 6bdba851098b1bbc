package indexferry;

import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.elasticsearch.Build;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.common.io.stream.NamedWriteableRegistry;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.IndexScopedSettings;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.settings.SettingsFilter;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.RestChannel;
import org.elasticsearch.rest.RestController;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.xcontent.XContentBuilder;

/** Answers {@code GET /} as the module rest-root does, which is not published. */
public class RootPagePlugin extends Plugin implements ActionPlugin {
  @Override
  public Collection<RestHandler> getRestHandlers(
      Settings settings,
      NamedWriteableRegistry namedWriteables,
      RestController controller,
      ClusterSettings clusterSettings,
      IndexScopedSettings indexSettings,
      SettingsFilter filter,
      IndexNameExpressionResolver resolver,
      Supplier<DiscoveryNodes> nodes,
      Predicate<NodeFeature> features) {
    return List.of(new RootPage(settings));
  }

  private record RootPage(Settings settings) implements RestHandler {
    @Override
    public List<Route> routes() {
      return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
    }

    @Override
    public void handleRequest(RestRequest request, RestChannel channel, NodeClient client) throws Exception {
      // A parameter nobody has read is refused.
      request.paramAsBoolean("pretty", true);
      request.param("error_trace");
      Build build = Build.current();
      XContentBuilder page = channel.newBuilder().prettyPrint().startObject();
      page.field("name", settings.get("node.name"));
      page.field("cluster_name", settings.get("cluster.name"));
      page.field("cluster_uuid", "_na_");
      page.startObject("version");
      page.field("number", build.version());
      page.field("build_flavor", "default");
      page.field("build_type", build.type().displayName());
      page.field("build_hash", build.hash());
      page.field("build_date", build.date());
      page.field("build_snapshot", build.isSnapshot());
      page.field("lucene_version", org.apache.lucene.util.Version.LATEST.toString());
      page.field("minimum_wire_compatibility_version", build.minWireCompatVersion());
      page.field("minimum_index_compatibility_version", build.minIndexCompatVersion());
      page.endObject();
      page.field("tagline", "You Know, for Search").endObject();
      channel.sendResponse(new RestResponse(RestStatus.OK, page));
    }
  }
}
